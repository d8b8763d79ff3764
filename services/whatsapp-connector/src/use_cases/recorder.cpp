#include "use_cases/recorder.hpp"

#include <algorithm>

#include "events/send_updates.hpp"
#include "store/one_by_one.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/tenants.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr std::size_t kMaxBatch = 200;
constexpr Milliseconds kTransactionTimeout{5000};
constexpr Milliseconds kRetryPause{200};

Failpoint before_commit{"whatsapp-connector.record.commit.before"};
Failpoint after_commit{"whatsapp-connector.record.commit.after"};

}  // namespace

Recorder::Recorder(
    postgres::Pool& pool,
    SendStore& sends,
    outbox::Outbox& outbox,
    const Clock& clock,
    telemetry::Metrics& metrics
)
    : pool_(pool),
      sends_(sends),
      outbox_(outbox),
      clock_(clock),
      metrics_(metrics),
      refused_(metrics.counter(
          "tecnochat_send_answers_refused_total",
          "Answers of the Graph API that the database refused for good"
      )) {}

Recorder::~Recorder() {
    stop(Deadline::after(Milliseconds(0)));
}

void Recorder::start(std::function<void(std::size_t)> recorded) {
    recorded_ = std::move(recorded);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Recorder::add(Answer answer) {
    {
        std::scoped_lock lock(mutex_);
        waiting_.push_back(std::move(answer));
    }
    changed_.notify_all();
}

void Recorder::stop(Deadline deadline) {
    if (!thread_.joinable()) return;
    {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, deadline.time_point(), [this] { return waiting_.empty(); });
    }
    thread_.request_stop();
    thread_.join();
}

void Recorder::run(const std::stop_token& stop) {
    while (true) {
        std::vector<Answer> batch;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            const auto count = std::min(waiting_.size(), kMaxBatch);
            batch.assign(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
        }
        const std::size_t done = settle(batch);
        {
            std::scoped_lock lock(mutex_);
            waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
        }
        changed_.notify_all();
        if (done > 0) recorded_(done);
        if (done == batch.size()) continue;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, kRetryPause, [] { return false; });
        if (stop.stop_requested()) return;
    }
}

std::size_t Recorder::settle(std::span<const Answer> batch) {
    const Stored stored = store_all_or_one_by_one(
        batch.size(),
        [&](std::size_t first, std::size_t count) { return write(batch.subspan(first, count)); },
        [&](std::size_t i, const Error& error) { give_up(batch[i].send, error); }
    );
    if (!stored.status) {
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "answers of Meta could not be recorded yet",
            {{"reason", stored.status.error().message}}
        );
    }
    return stored.done;
}

void Recorder::give_up(const ClaimedSend& send, const Error& error) {
    refused_.increment();
    telemetry::log_error(
        "the database refuses an answer of Meta",
        {{"tenant_id", send.tenant.to_string()},
         {"send_id", send.id.to_string()},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
}

Status Recorder::write(std::span<const Answer> batch) {
    std::vector<Answered> answered;
    for (const auto& [send, answer] : batch)
        answered.push_back({&send, after_answer(answer, send.attempt)});
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            pool_,
            tenants_of(batch, [](const Answer& a) { return a.send.tenant; }),
            Deadline::after(kTransactionTimeout)
        )
    );
    TECNOCHAT_TRY(const auto changes, sends_.record(transaction, answered));
    TECNOCHAT_TRY(auto appended, outbox_.append(transaction, send_updates(changes, clock_.now())));
    TECNOCHAT_CHECK(transaction.commit({&before_commit, &after_commit}));
    outbox_.publish(std::move(appended));
    count(answered);
    return ok();
}

void Recorder::count(const std::vector<Answered>& answered) {
    for (const auto& [send, after] : answered) {
        metrics_
            .counter(
                "tecnochat_send_answers_total",
                "Answers of the Graph API by what they made of the send",
                {{"state", std::string(to_string(after.state))}}
            )
            .increment();
    }
}

}  // namespace tecnochat::whatsapp_connector
