#include "support/kafka_probe.hpp"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <stdexcept>
#include <string_view>

namespace tecnochat::scenarios {
namespace {

constexpr int kPatienceMs = 10'000;

struct DestroyHandle {
    void operator()(rd_kafka_t* handle) const {
        rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
};
using Handle = std::unique_ptr<rd_kafka_t, DestroyHandle>;

struct DestroyEvent {
    void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
struct DestroyMessage {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct DestroyPartitions {
    void operator()(rd_kafka_topic_partition_list_t* list) const {
        rd_kafka_topic_partition_list_destroy(list);
    }
};
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyPartitions>;

/// librdkafka's local errors come first when a whole connection is refused; its logs stay out of
/// the test's output.
Handle make_handle(
    rd_kafka_type_t type,
    const std::string& brokers,
    const config::TlsFiles& identity,
    const std::string& group
) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[256];
    const auto set = [&](const char* name, const std::string& value) {
        if (rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof(why)) != RD_KAFKA_CONF_OK)
            throw std::runtime_error(why);
    };
    set("bootstrap.servers", brokers);
    set("security.protocol", "ssl");
    set("ssl.ca.location", identity.ca);
    set("ssl.certificate.location", identity.certificate);
    set("ssl.key.location", identity.key);
    set("log_level", "0");
    if (type == RD_KAFKA_PRODUCER) {
        set("message.timeout.ms", "5000");
    } else {
        set("group.id", group);
        set("enable.auto.commit", "false");
        set("enable.partition.eof", "true");
        set("auto.offset.reset", "earliest");
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    rd_kafka_t* handle = rd_kafka_new(type, conf, why, sizeof(why));
    if (handle == nullptr) throw std::runtime_error(why);
    return Handle(handle);
}

std::string name_of(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? "ok" : rd_kafka_err2name(error);
}

/// In TLS 1.3 the broker judges our certificate when the handshake is over for us: then librdkafka
/// only calls it a failed transport, with the broker's alert in its words.
bool refused_by_tls(rd_kafka_event_t& event) {
    if (rd_kafka_event_error(&event) == RD_KAFKA_RESP_ERR__SSL) return true;
    const std::string_view words = rd_kafka_event_error_string(&event);
    return words.find("SSL alert") != words.npos;
}

/// Whether the topic may be seen at all; a fetch of one that may not never comes to an answer of
/// its own.
std::string describe(rd_kafka_t* handle, const std::string& topic) {
    rd_kafka_topic_t* wanted = rd_kafka_topic_new(handle, topic.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto asked = rd_kafka_metadata(handle, 0, wanted, &metadata, kPatienceMs);
    std::string outcome = name_of(asked);
    if (asked == RD_KAFKA_RESP_ERR_NO_ERROR) {
        outcome = metadata->topic_cnt == 1 ? name_of(metadata->topics[0].err) : "no answer";
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(wanted);
    return outcome;
}

}  // namespace

std::string KafkaProbe::produce(const std::string& topic) const {
    const Handle handle = make_handle(RD_KAFKA_PRODUCER, brokers_, identity_, "");
    const auto queued = rd_kafka_producev(
        handle.get(),
        RD_KAFKA_V_TOPIC(topic.c_str()),
        RD_KAFKA_V_VALUE(nullptr, 0),
        RD_KAFKA_V_KEY("probe", 5),
        RD_KAFKA_V_END
    );
    if (queued != RD_KAFKA_RESP_ERR_NO_ERROR) return name_of(queued);
    rd_kafka_queue_t* queue = rd_kafka_queue_get_main(handle.get());
    std::string outcome = "no answer";
    while (true) {
        const std::unique_ptr<rd_kafka_event_t, DestroyEvent> event(
            rd_kafka_queue_poll(queue, kPatienceMs)
        );
        if (!event) break;
        if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR && refused_by_tls(*event)) {
            outcome = "_SSL";
            break;
        }
        if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
        outcome = name_of(rd_kafka_event_message_next(event.get())->err);
        break;
    }
    rd_kafka_queue_destroy(queue);
    return outcome;
}

std::string KafkaProbe::fetch(const std::string& topic) const {
    const Handle handle = make_handle(RD_KAFKA_CONSUMER, brokers_, identity_, "probe");
    if (const auto described = describe(handle.get(), topic); described != "ok") return described;
    const Partitions partitions(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), 0)->offset = 0;
    rd_kafka_assign(handle.get(), partitions.get());
    while (true) {
        const std::unique_ptr<rd_kafka_message_t, DestroyMessage> message(
            rd_kafka_consumer_poll(handle.get(), kPatienceMs)
        );
        if (!message) return "no answer";
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return "ok";
        // The group "probe" is nobody's: its own refusal says nothing about the topic.
        if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) continue;
        return name_of(message->err);
    }
}

std::string KafkaProbe::read_group(const std::string& group, const std::string& topic) const {
    const Handle handle = make_handle(RD_KAFKA_CONSUMER, brokers_, identity_, group);
    const Partitions partitions(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), 0);
    return name_of(rd_kafka_committed(handle.get(), partitions.get(), kPatienceMs));
}

}  // namespace tecnochat::scenarios
