#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "store/send_store.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/telemetry/metrics.hpp"
#include "use_cases/wake_sends.hpp"

namespace tecnochat::whatsapp_connector {

/// Settles what crashes and silence left behind: claims of dead workers go back to the queue, what
/// was on the wire is in doubt, doubts without an echo become `unknown`, and accepted sends that no
/// status ever tells of count as `sent`. Forgets what was settled long ago. One thread: twice a
/// second for the numbers that have open sends, once a minute for all.
class Maintenance {
 public:
    struct Times {
        /// T: how long an in-doubt send waits for its echo (TECNOCHAT_IN_DOUBT_SECONDS).
        Milliseconds patience{120'000};
        /// A claim or a wire older than this belongs to a dead process; longer than any post may
        /// take.
        Milliseconds lease{30'000};
        /// How long an accepted send waits for a status (TECNOCHAT_ACCEPTED_SECONDS). Meta's `sent`
        /// comes within seconds, whether or not the customer's phone is on.
        Milliseconds silence = std::chrono::hours(24);
        /// How long a settled send is remembered (TECNOCHAT_SENDS_KEPT_SECONDS): as long as Meta
        /// may repeat a webhook. Statuses may come for 30 days; the router applies them without our
        /// row.
        Milliseconds kept = std::chrono::days(7);
    };
    struct Config {
        std::string instance;
        Times times;
    };

    struct Storage {
        postgres::Pool& pool;
        channels::Directory& channels;
        SendStore& sends;
        outbox::Outbox& outbox;
    };

    /// `settled()` is called when conversations may go on.
    Maintenance(
        Config config,
        const Storage& storage,
        const Clock& clock,
        telemetry::Metrics& metrics,
        WakeSends settled
    );
    ~Maintenance();

    /// What an earlier process of this instance left; before anything is dispatched.
    Status recover_own();
    void start();
    /// The pool ends its waits for the database by the deadline.
    void stop(Deadline deadline);

 private:
    void run(const std::stop_token& stop);
    Status pass(bool just_started);
    /// The tenants that have open sends, however many are registered.
    Result<std::vector<TenantId>> active_tenants();
    Status publish(
        postgres::Transaction& transaction,
        const std::vector<SendChange>& changes,
        StepFailpoints& failpoints
    );
    /// What time alone settles, for every tenant: accepted sends that stayed silent, and what is to
    /// be forgotten. Returns whether there may be more of it at once.
    Result<bool> settle_old();

    Config config_;
    postgres::Pool& pool_;
    channels::Directory& channels_;
    SendStore& sends_;
    outbox::Outbox& outbox_;
    const Clock& clock_;
    telemetry::Counter in_doubt_;
    telemetry::Counter unknown_;
    telemetry::Counter silent_;
    telemetry::Counter forgotten_;
    WakeSends settled_;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
    std::jthread thread_;
};

}  // namespace tecnochat::whatsapp_connector
