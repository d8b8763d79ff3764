#include "settlement.hpp"

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::pipeline::detail {

Outside outside(const Runtime& runtime) {
    auto* letters = &runtime.dead_letters;
    auto* outbox = runtime.outbox;
    return {
        [letters](std::span<const kafka::Letter> batch, Deadline deadline) {
            return letters->put(batch, deadline);
        },
        [outbox](outbox::Appended events) {
            TECNOCHAT_ASSERT(outbox != nullptr, "who appends events has an outbox");
            outbox->publish(std::move(events));
        },
        runtime.metrics
    };
}

Settlement::Settlement(Outside outside, std::string topic)
    : outside_(std::move(outside)), topic_(std::move(topic)) {}

std::vector<const kafka::Record*> Settlement::fresh(std::span<const kafka::Record> records) const {
    std::vector<const kafka::Record*> fresh;
    fresh.reserve(records.size());
    for (const auto& record : records) {
        if (done_.empty() || !done_.contains(place_of(record))) fresh.push_back(&record);
    }
    return fresh;
}

void Settlement::add(std::span<const kafka::Record* const> records, Outcome outcome) {
    for (const auto& [reason, count] : outcome.effects.dropped) {
        outside_.metrics
            .counter(
                "tecnochat_pipeline_dropped_total",
                "Records that changed nothing, by topic and reason",
                {{"topic", topic_}, {"reason", std::string(reason)}}
            )
            .increment(static_cast<double>(count));
    }
    outcome.effects.dropped.clear();
    effects_.merge(std::move(outcome.effects));
    if (outcome.refusals.empty()) return;
    for (const auto* record : records) done_.try_emplace(place_of(*record));
    for (const auto& refusal : outcome.refusals) {
        const auto& record = *records[refusal.record];
        log(record, refusal);
        done_[place_of(record)] = refusal.reason;
    }
}

void Settlement::log(const kafka::Record& record, const Refusal& refusal) const {
    telemetry::log_error(
        "a record cannot be processed and becomes a dead letter",
        {{"topic", topic_},
         {"partition", record.partition},
         {"offset", record.offset},
         {"tenant_id", refusal.tenant.uuid().is_nil() ? "" : refusal.tenant.to_string()},
         {"code", to_string(refusal.error.code)},
         {"reason", refusal.error.reason.empty() ? refusal.reason : refusal.error.reason}}
    );
}

Status Settlement::finish(std::span<const kafka::Record> records) {
    std::vector<kafka::Letter> letters;
    if (!done_.empty()) {
        for (const auto& record : records) {
            const auto it = done_.find(place_of(record));
            if (it != done_.end() && !it->second.empty()) letters.push_back({&record, it->second});
        }
    }
    if (!letters.empty()) TECNOCHAT_CHECK(outside_.put(letters, Deadline::after(outside_.wait)));
    // What is left belongs to partitions that are not ours any more: whoever reads them again finds
    // the effects, and in this process the letters are remembered.
    done_.clear();
    show();
    return ok();
}

void Settlement::show() {
    auto effects = std::exchange(effects_, {});
    if (!effects.events.empty()) outside_.publish(std::move(effects.events));
    for (const auto& act : effects.acts) act();
}

}  // namespace tecnochat::pipeline::detail
