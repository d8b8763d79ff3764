#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::kafka {

/// A consumer is closed before, within a bounded time; closing it here would wait for the broker.
struct DestroyClient {
    void operator()(rd_kafka_t* client) const noexcept {
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
};
struct DestroyConf {
    void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};
struct DestroyMessage {
    void operator()(rd_kafka_message_t* message) const noexcept {
        rd_kafka_message_destroy(message);
    }
};
struct DestroyPartitions {
    void operator()(rd_kafka_topic_partition_list_t* list) const noexcept {
        rd_kafka_topic_partition_list_destroy(list);
    }
};
struct DestroyQueue {
    void operator()(rd_kafka_queue_t* queue) const noexcept { rd_kafka_queue_destroy(queue); }
};
struct DestroyEvent {
    void operator()(rd_kafka_event_t* event) const noexcept { rd_kafka_event_destroy(event); }
};
struct DestroyTopic {
    void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, DestroyTopic>;
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, DestroyQueue>;
using EventHandle = std::unique_ptr<rd_kafka_event_t, DestroyEvent>;
using ClientHandle = std::unique_ptr<rd_kafka_t, DestroyClient>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, DestroyMessage>;
using PartitionsHandle = std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyPartitions>;

/// The topics' max.message.bytes (4 MiB) and room for headers; the broker has the last word.
inline constexpr int kMaxRecordBytes = 4 * 1024 * 1024 + 64 * 1024;

/// Where and how to connect. Tests leave the TLS out by naming a mock.
struct Connect {
    const config::KafkaSettings& kafka;
    std::string client_id;
    int mock_brokers = 0;
    const std::string& mock_bootstrap;
};

/// A librdkafka configuration; set() throws std::runtime_error, for a process that cannot start.
class Conf {
 public:
    explicit Conf(const Connect& connect);
    void set(const char* name, const std::string& value);
    [[nodiscard]] rd_kafka_conf_t* get() { return conf_.get(); }
    /// Uses the configuration up; throws where librdkafka refuses it.
    ClientHandle create(rd_kafka_type_t type) &&;

 private:
    void set_security(const config::KafkaSettings& kafka);
    std::unique_ptr<rd_kafka_conf_t, DestroyConf> conf_;
};

/// The failure of a record or call; `reason` is librdkafka's name, e.g. "_MSG_TIMED_OUT".
Error error_of(rd_kafka_resp_err_t code);

/// Whether an error of no topic tells of brokers that are away. A refused certificate or an unknown
/// host name does not.
bool means_lost_brokers(rd_kafka_resp_err_t code);

/// Ends the process in order: after a fatal error this client can do nothing more.
void stop_on_fatal(rd_kafka_t* client, const std::string& who);

/// Ends the process in order, saying once why: most likely another one has joined as this
/// `instance` of the group, and two of them would fence each other for ever.
void stop_on_fence(const std::string& group, const std::string& instance);

}  // namespace tecnochat::kafka
