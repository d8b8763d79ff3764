#include "tecnochat/kafka/dead_letters.hpp"

#include <span>

namespace tecnochat::kafka {
namespace {

constexpr Milliseconds kPutTime{10'000};

}  // namespace

DeadLetters::DeadLetters(
    Producer& producer,
    std::string topic,
    telemetry::Metrics& metrics,
    DeadLetterFailpoints failpoints
)
    : producer_(producer), topic_(std::move(topic)), metrics_(metrics), failpoints_(failpoints) {}

Status DeadLetters::put(const Record& record, std::string_view reason) {
    OutRecord letter{topic_, record.key, record.value, record.headers};
    // A letter that comes back and fails again tells about its last failure only.
    std::erase_if(letter.headers, [](const auto& header) {
        return header.first.starts_with("dl-");
    });
    letter.headers.emplace_back("dl-topic", record.topic);
    letter.headers.emplace_back("dl-partition", std::to_string(record.partition));
    letter.headers.emplace_back("dl-offset", std::to_string(record.offset));
    letter.headers.emplace_back("dl-reason", reason);
    if (failpoints_.before_produce != nullptr) failpoints_.before_produce->hit();
    TECNOCHAT_CHECK(producer_.send_and_wait(std::span(&letter, 1), Deadline::after(kPutTime)));
    if (failpoints_.after_produce != nullptr) failpoints_.after_produce->hit();
    metrics_
        .counter(
            "tecnochat_dead_letters_total",
            "Records put aside because they cannot be processed",
            {{"topic", record.topic}, {"reason", std::string(reason)}}
        )
        .increment();
    return ok();
}

}  // namespace tecnochat::kafka
