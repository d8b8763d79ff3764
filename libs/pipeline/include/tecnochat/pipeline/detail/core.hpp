#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/pipeline/detail/values.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/pipeline/runtime.hpp"
#include "tecnochat/pipeline/topic.hpp"
#include "tecnochat/pipeline/transact.hpp"
#include "tecnochat/postgres/transaction.hpp"

/// What transactional.hpp and answering.hpp put their types on; for them and for this library's
/// tests alone.
namespace tecnochat::pipeline::detail {

/// How a batch that is durable shows outside; apart from Runtime, so that tests can watch the
/// order.
struct Outside {
    std::function<Status(std::span<const kafka::Letter>, Deadline)> put;
    std::function<void(outbox::Appended)> publish;
    telemetry::Metrics& metrics;
    /// One wait for the brokers; the consumer's pauses lie between two.
    Milliseconds wait{10'000};
};
Outside outside(const Runtime& runtime);

/// A use case over items by position.
class Work : public Values, public Units {
 public:
    virtual Status prepare(std::size_t first, std::size_t count, Deadline deadline) = 0;
};
kafka::Consumer::Handler make_transactional(
    postgres::Pool& pool,
    Outside outside,
    const TransactionalTopic& topic,
    std::unique_ptr<Work> work
);

/// What gives one record to produce per item.
class Answers : public Values {
 public:
    virtual Result<kafka::OutRecord> answer(std::size_t item, Deadline deadline) = 0;
};
kafka::Consumer::Handler make_answering(
    kafka::Producer& producer,
    Outside outside,
    const AnsweringTopic& topic,
    std::unique_ptr<Answers> answers
);

}  // namespace tecnochat::pipeline::detail
