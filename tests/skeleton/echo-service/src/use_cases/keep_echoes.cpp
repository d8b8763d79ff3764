#include "use_cases/keep_echoes.hpp"

#include <vector>

namespace tecnochat::echo_service {

Result<pipeline::Effects> KeepEchoes::run(
    postgres::Transaction& transaction, std::span<const pipeline::Incoming<Echo>> items
) {
    std::vector<const Echo*> echoes;
    for (const auto& item : items) echoes.push_back(&item.value);
    TECNOCHAT_TRY(auto fresh, insert_new(transaction, echoes));
    pipeline::Effects effects;
    std::vector<outbox::Entry> replies;
    for (const auto& item : items) {
        const auto& echo = item.value;
        if (fresh.erase(echo.id) == 0) {
            effects.drop("duplicate");
            continue;
        }
        const auto trace = item.trace.value_or(telemetry::TraceContext::generate());
        const telemetry::TraceScope scope(trace.child());
        replies.push_back({echo.tenant, echo.id.uuid(), reply_record(echo, clock_.now())});
    }
    TECNOCHAT_TRY(effects.events, outbox_.append(transaction, std::move(replies)));
    return effects;
}

}  // namespace tecnochat::echo_service
