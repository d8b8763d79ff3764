#include "events/refusals.hpp"

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::whatsapp_connector {

Status store_or_refuse(
    std::span<const kafka::Record* const> records,
    const std::function<Status(std::size_t first, std::size_t count)>& store,
    std::vector<Refusal>& refused
) {
    Status whole = store(0, records.size());
    if (whole || is_retryable(whole.error())) return whole;
    for (std::size_t i = 0; i < records.size(); ++i) {
        Status alone = store(i, 1);
        if (alone) continue;
        if (!is_items_fault(alone.error())) return alone;
        telemetry::log_error(
            "the database refuses a record",
            {{"topic", records[i]->topic},
             {"partition", records[i]->partition},
             {"offset", records[i]->offset},
             {"code", to_string(alone.error().code)},
             {"reason", alone.error().reason}}
        );
        refused.push_back({records[i], "failed"});
    }
    return ok();
}

Status set_aside(kafka::DeadLetters& dead_letters, std::span<const Refusal> refused) {
    for (const auto& [record, reason] : refused) TECNOCHAT_CHECK(dead_letters.put(*record, reason));
    return ok();
}

}  // namespace tecnochat::whatsapp_connector
