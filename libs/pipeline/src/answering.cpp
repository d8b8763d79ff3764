#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "intake.hpp"
#include "settlement.hpp"
#include "tecnochat/pipeline/detail/core.hpp"

namespace tecnochat::pipeline::detail {
namespace {

/// Verdicts and answers of one batch.
constexpr Milliseconds kAnswersTime{10'000};

/// The answers of a batch on their way; delivery callbacks may come after everything else is gone.
class Flight {
 public:
    void open() {
        std::scoped_lock lock(mutex_);
        ++open_;
    }
    void settle(Status status) {
        std::scoped_lock lock(mutex_);
        --open_;
        if (!status && !failure_) failure_ = std::move(status).error();
        settled_.notify_all();
    }
    [[nodiscard]] bool failed() {
        std::scoped_lock lock(mutex_);
        return failure_.has_value();
    }
    /// Nothing, while some are still on their way at the deadline.
    std::optional<Status> wait(Deadline deadline) {
        std::unique_lock lock(mutex_);
        const bool all =
            settled_.wait_until(lock, deadline.time_point(), [this] { return open_ == 0; });
        if (!all) return std::nullopt;
        if (failure_) return Status(*failure_);
        return ok();
    }

 private:
    std::mutex mutex_;
    std::condition_variable settled_;
    std::size_t open_ = 0;
    std::optional<Error> failure_;
};

class AnsweringHandler {
 public:
    AnsweringHandler(
        kafka::Producer& producer,
        Outside outside,
        const AnsweringTopic& topic,
        std::unique_ptr<Answers> answers
    )
        : producer_(producer),
          topic_(topic),
          wait_(outside.wait),
          answers_(std::move(answers)),
          intake_(*answers_),
          settlement_(std::move(outside), topic.name()) {}

    Status handle(std::span<const kafka::Record> records) {
        return settlement_.handle(records, [this](auto fresh) { return make_durable(fresh); });
    }

 private:
    using Places = std::vector<std::pair<std::int32_t, std::int64_t>>;
    struct Attempt {
        Places places;  // of the batch
        Outcome outcome;
        std::shared_ptr<Flight> flight = std::make_shared<Flight>();  // shared with the callbacks
    };

    /// A batch that comes again while its answers are on their way waits for those: however long
    /// the brokers are away, it is answered and produced once.
    Result<Outcome> make_durable(std::span<const kafka::Record* const> records) {
        Places places;
        places.reserve(records.size());
        for (const auto* record : records) places.emplace_back(record->partition, record->offset);
        if (!attempt_ || attempt_->places != places) {
            attempt_.reset();
            TECNOCHAT_CHECK(begin(records, std::move(places)));
        }
        const auto durable = attempt_->flight->wait(Deadline::after(wait_));
        if (!durable)
            return make_error(ErrorCode::kDeadlineExceeded, "Kafka did not answer in time");
        auto attempt = std::move(*std::exchange(attempt_, std::nullopt));
        TECNOCHAT_CHECK(*durable);
        topic_.produce().after.hit();
        return std::move(attempt.outcome);
    }

    Status begin(std::span<const kafka::Record* const> records, Places places) {
        intake_.decode(records);
        const auto deadline = Deadline::after(kAnswersTime);
        TECNOCHAT_CHECK(intake_.resolve(deadline));
        Attempt attempt{std::move(places), intake_.outcome()};
        std::vector<kafka::OutRecord> replies;
        replies.reserve(intake_.size());
        for (std::size_t i = 0; i < intake_.size(); ++i) {
            bool threw = false;
            auto reply = answer(i, deadline, threw);
            if (reply) {
                replies.push_back(std::move(reply).value());
            } else if (threw || is_items_fault(reply.error())) {
                attempt.outcome.refusals.push_back(intake_.failed(i, reply.error()));
            } else {
                return std::move(reply).error();
            }
        }
        topic_.produce().before.hit();
        for (const auto& reply : replies) {
            // A later record of the same key must not overtake one that was refused.
            if (attempt.flight->failed()) break;
            attempt.flight->open();
            producer_.send(reply, [flight = attempt.flight](Status status) {
                flight->settle(std::move(status));
            });
        }
        attempt_ = std::move(attempt);
        return ok();
    }

    Result<kafka::OutRecord> answer(std::size_t item, Deadline deadline, bool& threw) {
        try {
            return answers_->answer(item, deadline);
        } catch (const std::exception&) {
            // Its message may quote the customer: it is not told.
            threw = true;
            return make_error(ErrorCode::kInternal, "answering threw", "ANSWER_THREW");
        }
    }

    kafka::Producer& producer_;
    const AnsweringTopic& topic_;
    Milliseconds wait_;
    std::unique_ptr<Answers> answers_;
    Intake intake_;
    Settlement settlement_;
    std::optional<Attempt> attempt_;
};

}  // namespace

kafka::Consumer::Handler make_answering(
    kafka::Producer& producer,
    Outside outside,
    const AnsweringTopic& topic,
    std::unique_ptr<Answers> answers
) {
    return make_handler<AnsweringHandler>(producer, std::move(outside), topic, std::move(answers));
}

}  // namespace tecnochat::pipeline::detail
