#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/producer.hpp"

namespace tecnochat::kafka {

/// A record that becomes a dead letter, and why: a stable token. The record must live as long as
/// the call.
struct Letter {
    const Record* record = nullptr;
    std::string reason;
};

/// The letter as it is written to `topic`: the record as it was, with headers dl-topic,
/// dl-partition, dl-offset and dl-reason; older ones of these are replaced.
OutRecord to_letter(const std::string& topic, const Letter& letter);

/// Writes records that cannot be processed to the dead letters, as they were, with headers
/// dl-topic, dl-partition, dl-offset and dl-reason. Thread-safe. The producer must outlive it.
///
/// As long as the process lives, at most one letter is written per (topic, partition, offset),
/// however often put() is told of it and however long Kafka is away: a letter is handed to the
/// producer once and never timed out by it (Producer::never_time_out), a later put() of the same
/// record waits for that one, and a record whose letter is written is remembered (the last 100,000
/// of them). Only a letter that surely was not written (librdkafka's NOT_PERSISTED: refused at
/// once, or by the broker) is produced again. One that may or may not have been written
/// (POSSIBLY_PERSISTED, which without a time limit only a fatal error leaves behind) is never
/// produced again by this process.
class DeadLetters {
 public:
    /// Before the producer is used for `topic`. `produce` is hit before letters are handed over and
    /// once they are durable, their records still to be committed; nullptr: no failpoints.
    DeadLetters(
        Producer& producer,
        std::string topic,
        telemetry::Metrics& metrics,
        StepFailpoints* produce = nullptr
    );
    ~DeadLetters();
    DeadLetters(const DeadLetters&) = delete;
    DeadLetters& operator=(const DeadLetters&) = delete;

    /// Ok: all of them are durable. kDeadlineExceeded: the brokers did not answer in time; the
    /// letters stay on their way, and the same call again waits for them. kUnavailable: try again.
    /// kInvalidArgument, kPermissionDenied: Kafka refuses a letter for good. kInternal
    /// LETTER_IN_DOUBT: see above; it ends the process, and the next one decides anew. Counted once
    /// per letter, by topic and reason (tecnochat_dead_letters_total).
    Status put(std::span<const Letter> letters, Deadline deadline);

 private:
    class Book;
    Producer& producer_;
    std::string topic_;
    StepFailpoints* produce_;
    std::shared_ptr<Book> book_;  // owned by this and each delivery callback
};

}  // namespace tecnochat::kafka
