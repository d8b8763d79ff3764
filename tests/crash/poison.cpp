#include "poison.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/topic_reader.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::scenarios {
namespace {

/// No Protobuf message begins like this: a tag has five bytes at most.
constexpr const char* kUnparsable = "\xff\xff\xff\xff\xff\xff";
constexpr Milliseconds kPatience{10'000};

}  // namespace

Poison::Poison(const testkit::Stack& stack) : stack_(stack), topics_(topics()) {}

void Poison::put_before(const std::string& service) {
    static SystemClock clock;
    for (const auto& topic : topics_) {
        if (!topic.consumers.contains(service)) continue;
        const auto& writer = *topic.producers.begin();
        const std::string key = "poison-" + Uuid::v7(clock.now()).to_string();
        const std::string value = kUnparsable + key;
        const kafka::OutRecord record{topic.name, key, value, {}};
        const auto written =
            producer_of(writer).send_and_wait({&record, 1}, Deadline::after(kPatience));
        if (!written)
            throw std::runtime_error("poison for " + topic.name + ": " + written.error().message);
        for (const auto& reader : topic.consumers)
            expected_.push_back({reader, topic.name, key, value});
    }
}

kafka::Producer& Poison::producer_of(const std::string& principal) {
    kafka::ProducerConfig config;
    config.kafka.brokers = stack_.endpoint("/kafka");
    config.kafka.tls = stack_.identity(principal);
    config.client_id = "poison-" + principal;
    return producers_.try_emplace(principal, config, metrics_).first->second;
}

std::vector<std::string> Poison::missing() const {
    std::map<std::string, std::vector<kafka::Record>> letters;
    std::vector<std::string> missing;
    for (const auto& letter : expected_) {
        if (!letters.contains(letter.reader))
            letters.emplace(letter.reader, read_topic(stack_, "dead-letters." + letter.reader));
        if (!letter.is_among(letters.at(letter.reader)))
            missing.push_back(letter.topic + " to " + letter.reader + ": " + letter.key);
    }
    return missing;
}

bool Poison::Letter::is_among(const std::vector<kafka::Record>& letters) const {
    return std::any_of(letters.begin(), letters.end(), [this](const kafka::Record& record) {
        return record.key == key && record.value == value && record.header("dl-topic") == topic &&
               !record.header("dl-reason").empty();
    });
}

}  // namespace tecnochat::scenarios
