#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "store/send_store.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/telemetry/metrics.hpp"
#include "use_cases/wake_sends.hpp"

namespace tecnochat::whatsapp_connector {

/// Writes down the answers of Meta, many per transaction: state and whatsapp.sent event together.
/// An answer that cannot be written (database away) is kept and tried again; a crash before it is
/// written leaves the send in `wire`, that is in doubt. The same becomes of an answer that the
/// database refuses for good: it is given up, or it would hold up all others. One thread of its
/// own.
class Recorder {
 public:
    struct Answer {
        ClaimedSend send;
        GraphAnswer answer;
    };

    Recorder(
        postgres::Pool& pool,
        SendStore& sends,
        outbox::Outbox& outbox,
        const Clock& clock,
        telemetry::Metrics& metrics
    );
    ~Recorder();

    /// `recorded` is called after each batch of answers, given up or not: their conversations may
    /// go on, at once or after a pause.
    void start(WakeSends recorded);
    void add(Answer answer);
    /// Writes what is there within the deadline.
    void stop(Deadline deadline);

 private:
    void run(const std::stop_token& stop);
    /// Writes the answers or gives them up; an error where none of them can be recorded yet.
    Status settle(std::span<const Answer> batch);
    static std::vector<ReadyNumber> ready_numbers(std::span<const Answer> batch);
    Result<pipeline::Effects> write(
        postgres::Transaction& transaction, std::span<const Answer> batch
    );
    void give_up(const ClaimedSend& send, const Error& error);
    void count(const std::vector<Answered>& answered);

    postgres::Pool& pool_;
    SendStore& sends_;
    outbox::Outbox& outbox_;
    const Clock& clock_;
    telemetry::Metrics& metrics_;
    telemetry::Counter refused_;
    WakeSends recorded_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Answer> waiting_;
    std::jthread thread_;
};

}  // namespace tecnochat::whatsapp_connector
