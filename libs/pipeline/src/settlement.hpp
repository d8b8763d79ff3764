#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "intake.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/pipeline/detail/core.hpp"

namespace tecnochat::pipeline::detail {

/// The second half of a batch, once it is durable: dead letters, then events and acts. Where the
/// letters cannot be written yet it remembers the batch, so that the same records, when they come
/// again, only have their letters written.
class Settlement {
 public:
    Settlement(Outside outside, std::string topic);

    /// Has `make_durable` (span of const Record* -> Result<Outcome>) deal with those records that
    /// are not done yet, then finishes all of them.
    template <class MakeDurable>
    Status handle(std::span<const kafka::Record> records, const MakeDurable& make_durable) {
        const auto left = fresh(records);
        if (!left.empty()) {
            TECNOCHAT_TRY(auto outcome, make_durable(std::span(left)));
            add(left, std::move(outcome));
        }
        return finish(records);
    }

 private:
    using Place = std::pair<std::int32_t, std::int64_t>;  // partition, offset
    static Place place_of(const kafka::Record& record) { return {record.partition, record.offset}; }
    /// Those that are not done yet.
    [[nodiscard]] std::vector<const kafka::Record*> fresh(std::span<const kafka::Record> records
    ) const;
    /// These are durable now; `outcome` counts their positions. One log line per refusal, once.
    void add(std::span<const kafka::Record* const> records, Outcome outcome);
    /// The letters of what was added and not finished, as far as they are among `records`, and what
    /// follows them. Retryable, unless Kafka refuses a letter for good.
    Status finish(std::span<const kafka::Record> records);
    void log(const kafka::Record& record, const Refusal& refusal) const;
    void show();

    Outside outside_;
    std::string topic_;
    std::map<Place, std::string> done_;  // the reason of its letter; empty: it has none
    Effects effects_;
};

/// A consumer's handler of an object with handle(); it is shared by the copies of the handler, for
/// a std::function is copied.
template <class Handler, class... Parts>
kafka::Consumer::Handler make_handler(Parts&&... parts) {
    auto handler = std::make_shared<Handler>(std::forward<Parts>(parts)...);
    return [handler](std::span<const kafka::Record> records) { return handler->handle(records); };
}

}  // namespace tecnochat::pipeline::detail
