#include "use_cases/apply_statuses.hpp"

#include <algorithm>

#include "tecnochat/channels/verdicts.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

void note_watermark(std::vector<Watermark>& watermarks, const Watermark& seen) {
    const auto known = std::find_if(watermarks.begin(), watermarks.end(), [&](const Watermark& w) {
        return w.tenant == seen.tenant && w.phone_number_id == seen.phone_number_id;
    });
    if (known == watermarks.end())
        watermarks.push_back(seen);
    else
        known->latest = std::max(known->latest, seen.latest);
}

}  // namespace

ApplyStatuses::ApplyStatuses(SendStore& sends, const Clock& clock, WakeSends settled)
    : sends_(sends), clock_(clock), settled_(std::move(settled)) {}

Result<pipeline::Effects> ApplyStatuses::run(
    postgres::Transaction& transaction, std::span<const pipeline::Incoming<StatusReport>> reports
) {
    std::vector<Echo> echoes;
    std::vector<Watermark> watermarks;  // one per number
    for (const auto& [tenant, report, trace, recorded_at] : reports) {
        // A time still to come would end doubts whose echo is on its way.
        const auto occurred_at = std::min(report.occurred_at, clock_.now());
        note_watermark(watermarks, {tenant, report.phone_number_id, occurred_at});
        if (const auto& of = report.echoes)
            echoes.push_back({tenant, of->id, of->kind, report.wamid, report.error_code});
    }
    pipeline::Effects effects;
    if (!echoes.empty()) {
        TECNOCHAT_TRY(const auto changes, sends_.apply_echoes(transaction, echoes));
        if (!changes.empty())
            effects.after_commit([this, numbers = numbers_of(changes)] { settled_(numbers); });
    }
    TECNOCHAT_CHECK(sends_.advance_watermarks(transaction, watermarks));
    return effects;
}

Result<std::vector<pipeline::Verdict>> resolve_statuses(
    channels::Directory& directory, std::span<const StatusReport> reports, Deadline deadline
) {
    using pipeline::Verdict;
    const auto verdict = [](const StatusReport&, const channels::Channel* known) {
        return known == nullptr ? Verdict::refuse("unknown_number") : Verdict::take(known->tenant);
    };
    return channels::verdicts_by_number(directory, reports, deadline, verdict);
}

}  // namespace tecnochat::whatsapp_connector
