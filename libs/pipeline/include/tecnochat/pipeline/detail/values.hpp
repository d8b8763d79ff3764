#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/pipeline/source.hpp"

namespace tecnochat::pipeline::detail {

/// A value that is taken: its position among the decoded values, and whose it is.
struct Taken {
    std::size_t value = 0;
    TenantId tenant;
};

/// The typed side of one batch, as the untyped core sees it: values and items by position.
class Values {
 public:
    Values() = default;
    virtual ~Values() = default;
    Values(const Values&) = delete;
    Values& operator=(const Values&) = delete;

    /// Forgets the last batch.
    virtual void clear() = 0;
    /// Adds the record's value.
    virtual Status decode(const kafka::Record& record) = 0;
    /// The verdicts of `count` values from `first` on.
    virtual Result<std::vector<Verdict>> resolve(
        std::size_t first, std::size_t count, Deadline deadline
    ) = 0;
    /// Makes these values the items. Undone by give_back(), before values are resolved again.
    virtual void take(std::span<const Taken> taken) = 0;
    virtual void give_back() = 0;
};

/// `Base` is Values or what the core adds to it.
template <class T, class Base>
class TypedValues : public Base {
 public:
    explicit TypedValues(Source<T> source) : source_(std::move(source)) {}

    void clear() override {
        values_.clear();
        origins_.clear();
        items_.clear();
        taken_.clear();
    }
    Status decode(const kafka::Record& record) override {
        auto value = source_.decode(record);
        if (!value) return std::move(value).error();
        values_.push_back(std::move(value).value());
        origins_.push_back({record.trace(), record.timestamp});
        return ok();
    }
    Result<std::vector<Verdict>> resolve(std::size_t first, std::size_t count, Deadline deadline)
        override {
        if (!source_.resolve) return std::vector<Verdict>(count, Verdict::take_unresolved());
        auto verdicts =
            source_.resolve(std::span<const T>(values_).subspan(first, count), deadline);
        TECNOCHAT_ASSERT(!verdicts || verdicts->size() == count, "one verdict per value");
        return verdicts;
    }
    // Values move to the items and back: both must lie in one piece, and none is copied.
    void take(std::span<const Taken> taken) override {
        items_.reserve(taken.size());
        taken_.assign(taken.begin(), taken.end());
        for (const auto& [value, tenant] : taken) {
            const auto& [trace, recorded_at] = origins_[value];
            items_.push_back({tenant, std::move(values_[value]), trace, recorded_at});
        }
    }
    void give_back() override {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            values_[taken_[i].value] = std::move(items_[i].value);
        }
        taken_.clear();
        items_.clear();
    }

 protected:
    [[nodiscard]] std::span<const Incoming<T>> items() const { return items_; }

 private:
    struct Origin {
        std::optional<telemetry::TraceContext> trace;
        Timestamp recorded_at;
    };

    Source<T> source_;
    std::vector<T> values_;
    std::vector<Origin> origins_;  // one per value
    std::vector<Incoming<T>> items_;
    std::vector<Taken> taken_;  // one per item
};

}  // namespace tecnochat::pipeline::detail
