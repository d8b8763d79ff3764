#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::pipeline {

/// One item as a use case takes it: what the record says, and what came with it.
template <class T>
struct Incoming {
    TenantId tenant;  // nil: none known
    T value;
    std::optional<telemetry::TraceContext> trace;
    Timestamp recorded_at;  // the broker's or the producer's time of the record
};

/// What is to become of one value. Reasons are static tokens.
class Verdict {
 public:
    enum class Kind { kTake, kDrop, kRefuse };

    /// It is this tenant's.
    static Verdict take(const TenantId& tenant) { return {Kind::kTake, tenant, {}}; }
    /// The use case takes it without a tenant.
    static Verdict take_unresolved() { return {Kind::kTake, TenantId(), {}}; }
    /// Nothing is to be done for it; counted by reason.
    static Verdict drop(std::string_view reason) { return {Kind::kDrop, TenantId(), reason}; }
    /// A dead letter with that reason.
    static Verdict refuse(std::string_view reason) { return {Kind::kRefuse, TenantId(), reason}; }

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const TenantId& tenant() const { return tenant_; }
    [[nodiscard]] std::string_view reason() const { return reason_; }

 private:
    Verdict(Kind kind, const TenantId& tenant, std::string_view reason)
        : kind_(kind), tenant_(tenant), reason_(reason) {}

    Kind kind_;
    TenantId tenant_;
    std::string_view reason_;
};

/// Where items come from: wire to domain.
template <class T>
struct Source {
    /// A failure, or an exception, makes a dead letter "unparsable".
    std::function<Result<T>(const kafka::Record&)> decode;
    /// One verdict per value, in order; asked again on every retry. An error that is an item's
    /// fault refuses that value alone ("failed"), any other fails the batch. Empty: all values are
    /// taken unresolved.
    std::function<Result<std::vector<Verdict>>(std::span<const T>, Deadline)> resolve;
};

/// `resolve` for values that name their tenant themselves: tenant_from(&Reply::tenant).
template <class T>
auto tenant_from(TenantId T::* member) {
    return [member](std::span<const T> values, Deadline) -> Result<std::vector<Verdict>> {
        std::vector<Verdict> verdicts;
        verdicts.reserve(values.size());
        for (const T& value : values) verdicts.push_back(Verdict::take(value.*member));
        return verdicts;
    };
}

}  // namespace tecnochat::pipeline
