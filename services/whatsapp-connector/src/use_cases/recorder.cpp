#include "use_cases/recorder.hpp"

#include <algorithm>

#include "events/send_updates.hpp"
#include "tecnochat/core/arrival_rate.hpp"
#include "tecnochat/pipeline/transact.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/tenants.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr std::size_t kMaxBatch = 200;
constexpr Milliseconds kTransactionTimeout{5000};
constexpr Milliseconds kRetryPause{200};
/// Under load answers wait this long for others.
constexpr Milliseconds kGather{20};

StepFailpoints commit{"whatsapp-connector.record.commit"};

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

void Recorder::start(WakeSends recorded) {
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
    ArrivalRate rate;
    while (true) {
        std::vector<Answer> batch;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            if (rate.brings_more(kGather))
                changed_.wait_for(lock, stop, kGather, [] { return false; });
            const auto count = std::min(waiting_.size(), kMaxBatch);
            batch.assign(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
        }
        rate.note(batch.size(), clock_.steady_now());
        const Status settled = settle(batch);
        if (!settled) {
            telemetry::log_limited(
                telemetry::Level::kWarning,
                "answers of Meta could not be recorded yet",
                {{"reason", settled.error().message}}
            );
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, kRetryPause, [] { return false; });
            if (stop.stop_requested()) return;
            continue;
        }
        {
            std::scoped_lock lock(mutex_);
            waiting_.erase(
                waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(batch.size())
            );
        }
        changed_.notify_all();
        recorded_(ready_numbers(batch));
    }
}

Status Recorder::settle(std::span<const Answer> batch) {
    const auto tenants = tenants_of(batch, [](const Answer& a) { return a.send.tenant; });
    auto recorded = pipeline::transact(
        {pool_, tenants, Deadline::after(kTransactionTimeout), &commit},
        batch,
        [&](postgres::Transaction& transaction, std::span<const Answer> part) {
            return write(transaction, part);
        }
    );
    if (!recorded) return recorded.error();
    outbox_.publish(std::move(recorded->effects.events));
    for (const auto& act : recorded->effects.acts) act();
    for (const auto& [item, error] : recorded->refused) give_up(batch[item].send, error);
    return ok();
}

std::vector<ReadyNumber> Recorder::ready_numbers(std::span<const Answer> batch) {
    std::vector<ReadyNumber> numbers;
    numbers.reserve(batch.size());
    for (const auto& [send, answer] : batch) {
        const auto after = after_answer(answer, send.attempt);
        const auto pause = after.state == SendState::kQueued ? after.retry_in : Milliseconds(0);
        numbers.push_back({{send.tenant, send.phone_number_id}, pause});
    }
    return numbers;
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

Result<pipeline::Effects> Recorder::write(
    postgres::Transaction& transaction, std::span<const Answer> batch
) {
    pipeline::Effects effects;
    if (batch.empty()) return effects;
    std::vector<Answered> answered;
    for (const auto& [send, answer] : batch)
        answered.push_back({&send, after_answer(answer, send.attempt)});
    TECNOCHAT_TRY(const auto changes, sends_.record(transaction, answered));
    TECNOCHAT_TRY(effects.events, outbox_.append(transaction, send_updates(changes, clock_.now())));
    effects.after_commit([this, answered = std::move(answered)] { count(answered); });
    return effects;
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
