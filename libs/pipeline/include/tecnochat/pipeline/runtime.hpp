#pragma once

#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::pipeline {

/// What a service's consumers work with; all of it outlives them. transactional() needs `pool` and,
/// for use cases that append events, `outbox`; answering() needs `producer`.
struct Runtime {
    postgres::Pool* pool = nullptr;
    outbox::Outbox* outbox = nullptr;
    kafka::Producer* producer = nullptr;
    kafka::DeadLetters& dead_letters;
    telemetry::Metrics& metrics;
};

}  // namespace tecnochat::pipeline
