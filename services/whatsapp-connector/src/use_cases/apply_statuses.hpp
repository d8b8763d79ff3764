#pragma once

#include <span>
#include <vector>

#include "domain/status_report.hpp"
#include "store/send_store.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/pipeline/source.hpp"
#include "use_cases/wake_sends.hpp"

namespace tecnochat::whatsapp_connector {

/// Takes in whatsapp.status: a status that echoes one of our send ids settles that send; every
/// status moves its number's watermark. Idempotent, so it needs no inbox. Says nothing on
/// whatsapp.sent: the router reads the same status itself.
class ApplyStatuses {
 public:
    /// `settled()` is called after a commit that settled sends: their conversations may go on.
    ApplyStatuses(SendStore& sends, const Clock& clock, WakeSends settled);

    Result<pipeline::Effects> run(
        postgres::Transaction& transaction,
        std::span<const pipeline::Incoming<StatusReport>> reports
    );

 private:
    SendStore& sends_;
    const Clock& clock_;
    WakeSends settled_;
};

/// Whose a status is. Refused: "unknown_number".
Result<std::vector<pipeline::Verdict>> resolve_statuses(
    channels::Directory& directory, std::span<const StatusReport> reports, Deadline deadline
);

}  // namespace tecnochat::whatsapp_connector
