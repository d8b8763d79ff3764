#include "events/refusals.hpp"

#include "store/one_by_one.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::whatsapp_connector {

Status store_or_refuse(
    std::span<const kafka::Record* const> records,
    const std::function<Status(std::size_t first, std::size_t count)>& store,
    std::vector<Refusal>& refused
) {
    return store_all_or_one_by_one(
               records.size(),
               store,
               [&](std::size_t i, const Error& error) {
                   telemetry::log_error(
                       "the database refuses a record",
                       {{"topic", records[i]->topic},
                        {"partition", records[i]->partition},
                        {"offset", records[i]->offset},
                        {"code", to_string(error.code)},
                        {"reason", error.reason}}
                   );
                   refused.push_back({records[i], "failed"});
               }
    ).status;
}

Status set_aside(kafka::DeadLetters& dead_letters, std::span<const Refusal> refused) {
    for (const auto& [record, reason] : refused) TECNOCHAT_CHECK(dead_letters.put(*record, reason));
    return ok();
}

}  // namespace tecnochat::whatsapp_connector
