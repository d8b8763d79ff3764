#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/waiting_messages.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/sealer.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::message_router {

/// Most messages that wait for one number: a business that connects is written to by few people
/// within minutes; and one number must not use up what all have.
inline constexpr std::int64_t kMostWaitingOfNumber = 100;
/// And for all numbers: Meta delivers for whole business accounts, connected or not. Bounds the
/// table (10,000 messages of 4 KiB are 40 MiB) and each pass over it.
inline constexpr std::int64_t kMostWaiting = 10'000;
/// A channel event that is not here by then will not come.
inline constexpr Milliseconds kMostWait = std::chrono::minutes(15);

class ReceiveInbound;

/// What becomes of messages that wait for the channel event of their number: stored in order once
/// it is known, dropped where it is disconnected, a dead letter "unknown_number" after 15 minutes.
/// One that cannot be stored is a dead letter, and its conversation parked, as a live one's.
/// Thread-safe; several replicas may do it at once.
class SettleWaiting {
 public:
    struct Outside {
        postgres::Pool& pool;
        channels::Directory& directory;
        sealing::Sealer& sealer;
        outbox::Outbox& outbox;
        telemetry::Metrics& metrics;
        const Clock& clock;
    };
    SettleWaiting(const Outside& outside, ReceiveInbound& receive)
        : outside_(outside), receive_(receive) {}

    /// One pass over everything that waits. What fails for one number holds up no other number and
    /// no expiry; the first failure is returned at the end.
    Status run(Deadline deadline);
    /// Only what waits for this number, which is known.
    Status settle(const std::string& number, Deadline deadline);

 private:
    using DailyKeys = std::map<std::chrono::sys_days, std::shared_ptr<const sealing::Keyring>>;
    using Messages = std::vector<store::WaitingMessage>;

    /// A waiting message on its way into its conversation.
    struct Candidate;

    Result<Messages> read(const std::string& number, Deadline deadline);
    Status open(Messages& messages, Deadline deadline);
    Status store(Messages messages, const TenantId& tenant, Deadline deadline);
    Status store_one(
        const store::WaitingMessage& waiting, const TenantId& tenant, Deadline deadline
    );
    /// Nothing where it does not wait any more.
    Result<std::optional<pipeline::Effects>> attempt(const Candidate& candidate, Deadline deadline);
    Status refuse(const Candidate& candidate, const Error& error, Deadline deadline);
    Status drop(const Messages& messages, std::string_view outcome, Deadline deadline);
    Status expire(Deadline deadline);
    Status give_up(const Messages& messages, std::string_view reason, Deadline deadline);
    Status commit_letters(
        postgres::Transaction& transaction, const Messages& messages, std::string_view reason
    );
    void count(std::string_view outcome, std::size_t messages);

    Outside outside_;
    ReceiveInbound& receive_;
};

}  // namespace tecnochat::message_router
