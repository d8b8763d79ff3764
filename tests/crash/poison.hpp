#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/access_lists.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// Records that nobody can parse, written in the name of those who may, and what has to become of
/// them: each lies in the dead letters of each of its topic's readers as it was (at least once, for
/// a crash between letter and offset commit writes it again), and nobody stops at it.
class Poison {
 public:
    explicit Poison(const testkit::Stack& stack);

    /// One record on every topic that the service reads; a topic's other readers get it as well.
    void put_before(const std::string& service);

    /// A line for each letter of those written so far that is not there yet.
    [[nodiscard]] std::vector<std::string> missing() const;

 private:
    struct Letter {
        std::string reader;
        std::string topic;
        std::string key;
        std::string value;
        [[nodiscard]] bool is_among(const std::vector<kafka::Record>& letters) const;
    };
    [[nodiscard]] kafka::Producer& producer_of(const std::string& principal);

    const testkit::Stack& stack_;
    std::vector<Topic> topics_;
    telemetry::Metrics metrics_;
    // Connected once: poison must come while the questions are on their way.
    std::map<std::string, kafka::Producer> producers_;
    std::vector<Letter> expected_;
};

}  // namespace tecnochat::scenarios
