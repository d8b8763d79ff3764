#include "use_cases/maintenance.hpp"

#include "events/send_updates.hpp"
#include "store/send_queues.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/tenants.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr Milliseconds kInterval{500};
constexpr Milliseconds kTransactionTimeout{5000};
/// Between two looks at all tenants, where the last one left nothing.
constexpr Milliseconds kSeldom{60'000};
/// At once, so that settling never waits long: with kInterval 10,000 a second.
constexpr int kForgetMost = 5000;
/// The limit of SendStore::settle_silent().
constexpr std::size_t kSilentMost = 1000;

StepFailpoints pass_commit{"whatsapp-connector.maintenance.commit"};
StepFailpoints old_commit{"whatsapp-connector.old.commit"};

void warn(std::string_view event, const Error& error) {
    telemetry::log_limited(telemetry::Level::kWarning, event, {{"reason", error.message}});
}

}  // namespace

Maintenance::Maintenance(
    Config config,
    const Storage& storage,
    const Clock& clock,
    telemetry::Metrics& metrics,
    WakeSends settled
)
    : config_(std::move(config)),
      pool_(storage.pool),
      channels_(storage.channels),
      sends_(storage.sends),
      outbox_(storage.outbox),
      clock_(clock),
      in_doubt_(metrics.counter(
          "tecnochat_sends_recovered_in_doubt_total", "Sends found on the wire of a dead process"
      )),
      unknown_(metrics.counter(
          "tecnochat_sends_unknown_total", "Sends whose doubt no echo settled in time"
      )),
      silent_(metrics.counter(
          "tecnochat_sends_silent_total", "Accepted sends that no status told of in time"
      )),
      forgotten_(metrics.counter(
          "tecnochat_sends_forgotten_total", "Settled sends deleted after their time"
      )),
      settled_(std::move(settled)) {}

Maintenance::~Maintenance() {
    stop(Deadline::after(Milliseconds(0)));
}

Status Maintenance::recover_own() {
    return pass(true);
}

void Maintenance::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Maintenance::stop(Deadline) {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void Maintenance::run(const std::stop_token& stop) {
    auto seldom = clock_.now();
    while (!stop.stop_requested()) {
        if (const Status passed = pass(false); !passed)
            warn("maintenance of sends failed", passed.error());
        const auto now = clock_.now();
        // A clock that was set back must not stretch the pause.
        if (now >= seldom || now + kSeldom < seldom) {
            const auto more = settle_old();
            if (!more) warn("old sends could not be settled", more.error());
            if (!more || !*more) seldom = now + kSeldom;
        }
        std::unique_lock lock(mutex_);
        stopped_.wait_for(lock, stop, kInterval, [] { return false; });
    }
}

Result<std::vector<TenantId>> Maintenance::active_tenants() {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            pool_, std::vector<TenantId>(), Deadline::after(kTransactionTimeout)
        )
    );
    TECNOCHAT_TRY(const auto numbers, send_queues::active(transaction));
    return tenants_of(numbers, [](const SendNumber& number) { return number.tenant; });
}

Status Maintenance::pass(bool just_started) {
    TECNOCHAT_TRY(const auto tenants, active_tenants());
    if (tenants.empty()) return ok();
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(pool_, tenants, Deadline::after(kTransactionTimeout))
    );
    // First, so that no doubt is raised and given up in one pass: after a long outage of the
    // database the recorder may still hold the answer, and has until the next pass to write it.
    TECNOCHAT_TRY(
        const auto given_up, sends_.expire_doubts(transaction, clock_.now(), config_.times.patience)
    );
    unknown_.increment(static_cast<double>(given_up.size()));
    TECNOCHAT_TRY(
        auto changes,
        sends_.recover(transaction, config_.instance, just_started, config_.times.lease)
    );
    in_doubt_.increment(static_cast<double>(changes.size()));
    changes.insert(changes.end(), given_up.begin(), given_up.end());
    TECNOCHAT_CHECK(send_queues::mark_idle(transaction));
    return publish(transaction, changes, pass_commit);
}

Status Maintenance::publish(
    postgres::Transaction& transaction,
    const std::vector<SendChange>& changes,
    StepFailpoints& failpoints
) {
    TECNOCHAT_TRY(auto appended, outbox_.append(transaction, send_updates(changes, clock_.now())));
    TECNOCHAT_CHECK(transaction.commit(&failpoints));
    outbox_.publish(std::move(appended));
    if (!changes.empty()) settled_(numbers_of(changes));
    return ok();
}

Result<bool> Maintenance::settle_old() {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            pool_, channels_.tenants(), Deadline::after(kTransactionTimeout)
        )
    );
    TECNOCHAT_TRY(
        const auto silent, sends_.settle_silent(transaction, clock_.now() - config_.times.silence)
    );
    TECNOCHAT_TRY(
        const auto forgotten,
        sends_.forget(transaction, clock_.now() - config_.times.kept, kForgetMost)
    );
    TECNOCHAT_CHECK(publish(transaction, silent, old_commit));
    silent_.increment(static_cast<double>(silent.size()));
    forgotten_.increment(static_cast<double>(forgotten));
    return forgotten == kForgetMost || silent.size() == kSilentMost;
}

}  // namespace tecnochat::whatsapp_connector
