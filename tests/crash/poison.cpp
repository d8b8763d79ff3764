#include "poison.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "support/kafka_probe.hpp"
#include "support/topic_reader.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::scenarios {
namespace {

/// No Protobuf message begins like this: a tag has five bytes at most.
constexpr const char* kUnparsable = "\xff\xff\xff\xff\xff\xff";

}  // namespace

Poison::Poison(const testkit::Stack& stack) : stack_(stack), topics_(topics()) {}

void Poison::put_before(const std::string& service) {
    static SystemClock clock;
    for (const auto& topic : topics_) {
        if (!topic.consumers.contains(service)) continue;
        const auto& writer = *topic.producers.begin();
        const std::string key = "poison-" + Uuid::v7(clock.now()).to_string();
        const std::string value = kUnparsable + key;
        const auto outcome = KafkaProbe(stack_.endpoint("/kafka"), stack_.identity(writer))
                                 .produce(topic.name, key, value);
        if (outcome != "ok") throw std::runtime_error("poison for " + topic.name + ": " + outcome);
        for (const auto& reader : topic.consumers)
            expected_.push_back({reader, topic.name, key, value});
    }
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
