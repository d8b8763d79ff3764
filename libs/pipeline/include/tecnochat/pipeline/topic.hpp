#pragma once

#include <string>
#include <string_view>

#include "tecnochat/core/failpoint.hpp"

namespace tecnochat::pipeline {

/// A topic that a service consumes, and the failpoints of its steps. Static, at namespace scope of
/// the .cpp that wires the consumer: `--list-failpoints` answers before anything is constructed.
class Topic {
 public:
    Topic(const Topic&) = delete;
    Topic& operator=(const Topic&) = delete;

    [[nodiscard]] const std::string& service() const { return service_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// "<service>.<topic>.offset.before" and ".after", for the consumer.
    [[nodiscard]] StepFailpoints& offset() const { return offset_; }

 protected:
    Topic(std::string_view service, std::string_view name)
        : service_(service), name_(name), offset_(step("offset")) {}
    ~Topic() = default;
    [[nodiscard]] std::string step(const char* what) const {
        return service_ + "." + name_ + "." + what;
    }

 private:
    std::string service_;
    std::string name_;
    mutable StepFailpoints offset_;  // who is told of a topic only hits them
};

/// For transactional(); adds "<service>.<topic>.commit.before" and ".after".
class TransactionalTopic : public Topic {
 public:
    TransactionalTopic(std::string_view service, std::string_view name)
        : Topic(service, name), commit_(step("commit")) {}
    [[nodiscard]] StepFailpoints& commit() const { return commit_; }

 private:
    mutable StepFailpoints commit_;
};

/// For answering(); adds "<service>.<topic>.produce.before" and ".after".
class AnsweringTopic : public Topic {
 public:
    AnsweringTopic(std::string_view service, std::string_view name)
        : Topic(service, name), produce_(step("produce")) {}
    [[nodiscard]] StepFailpoints& produce() const { return produce_; }

 private:
    mutable StepFailpoints produce_;
};

}  // namespace tecnochat::pipeline
