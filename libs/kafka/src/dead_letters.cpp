#include "tecnochat/kafka/dead_letters.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

namespace tecnochat::kafka {
namespace {

constexpr std::size_t kRemembered = 100'000;

using Place = std::tuple<std::string, std::int32_t, std::int64_t>;  // topic, partition, offset

Place place_of(const Record& record) {
    return {record.topic, record.partition, record.offset};
}

}  // namespace

OutRecord to_letter(const std::string& topic, const Letter& letter) {
    const Record& record = *letter.record;
    OutRecord out{topic, record.key, record.value, record.headers};
    // A letter that comes back and fails again tells about its last failure only.
    std::erase_if(out.headers, [](const auto& header) { return header.first.starts_with("dl-"); });
    out.headers.emplace_back("dl-topic", record.topic);
    out.headers.emplace_back("dl-partition", std::to_string(record.partition));
    out.headers.emplace_back("dl-offset", std::to_string(record.offset));
    out.headers.emplace_back("dl-reason", letter.reason);
    return out;
}

/// What became of every letter; delivery callbacks may come after the DeadLetters are gone.
class DeadLetters::Book {
 public:
    explicit Book(telemetry::Metrics& metrics) : metrics_(metrics) {}

    /// True: this letter is to be handed over now, for it never was or surely was not written.
    bool open(const Letter& letter) {
        std::scoped_lock lock(mutex_);
        const auto [it, added] = entries_.try_emplace(place_of(*letter.record));
        auto& entry = it->second;
        if (!added && entry.state != State::kNotWritten) return false;
        entry.state = State::kPending;
        if (entry.count) return true;
        entry.count = metrics_.counter(
            "tecnochat_dead_letters_total",
            "Records that became dead letters because they cannot be processed",
            {{"topic", letter.record->topic}, {"reason", letter.reason}}
        );
        return true;
    }

    void settle(const Place& place, Delivery delivery) {
        std::scoped_lock lock(mutex_);
        auto& entry = entries_.at(place);
        if (delivery.status) {
            entry.state = State::kWritten;
            if (entry.count) entry.count->increment();
            written_.push_back(place);
            if (written_.size() > kRemembered) {
                entries_.erase(written_.front());
                written_.pop_front();
            }
        } else {
            entry.state = delivery.in_doubt ? State::kInDoubt : State::kNotWritten;
            entry.failure = std::move(delivery.status).error();
        }
        settled_.notify_all();
    }

    /// Waits until none of them is on its way any more.
    Status wait(std::span<const Letter> letters, Deadline deadline) {
        std::unique_lock lock(mutex_);
        for (const auto& letter : letters) {
            const auto place = place_of(*letter.record);
            const auto settled = settled_.wait_until(lock, deadline.time_point(), [&] {
                return state_of(place) != State::kPending;
            });
            if (!settled)
                return make_error(ErrorCode::kDeadlineExceeded, "Kafka did not answer in time");
            switch (state_of(place)) {
                case State::kWritten:
                    break;
                case State::kPending:
                case State::kNotWritten:
                    return entries_.at(place).failure;
                case State::kInDoubt:
                    return make_error(
                        ErrorCode::kInternal,
                        "a dead letter may or may not have been written",
                        "LETTER_IN_DOUBT"
                    );
            }
        }
        return ok();
    }

 private:
    enum class State { kPending, kWritten, kNotWritten, kInDoubt };
    struct Entry {
        State state = State::kPending;
        Error failure;  // of kNotWritten and kInDoubt
        std::optional<telemetry::Counter> count;
    };

    State state_of(const Place& place) const {
        const auto it = entries_.find(place);
        // Only what is written is ever forgotten.
        return it == entries_.end() ? State::kWritten : it->second.state;
    }

    telemetry::Metrics& metrics_;
    std::mutex mutex_;
    std::condition_variable settled_;
    std::map<Place, Entry> entries_;
    std::deque<Place> written_;  // oldest first
};

DeadLetters::DeadLetters(
    Producer& producer, std::string topic, telemetry::Metrics& metrics, StepFailpoints* produce
)
    : producer_(producer),
      topic_(std::move(topic)),
      produce_(produce),
      book_(std::make_shared<Book>(metrics)) {
    producer_.never_time_out(topic_);
}

DeadLetters::~DeadLetters() = default;

Status DeadLetters::put(std::span<const Letter> letters, Deadline deadline) {
    if (letters.empty()) return ok();
    if (produce_ != nullptr) produce_->before.hit();
    for (const auto& letter : letters) {
        if (!book_->open(letter)) continue;
        producer_.send_tracked(
            to_letter(topic_, letter),
            [book = book_, place = place_of(*letter.record)](Delivery delivery) {
                book->settle(place, std::move(delivery));
            }
        );
    }
    TECNOCHAT_CHECK(book_->wait(letters, deadline));
    if (produce_ != nullptr) produce_->after.hit();
    return ok();
}

}  // namespace tecnochat::kafka
