#include "client.hpp"

#include <array>
#include <atomic>
#include <stdexcept>
#include <string_view>

#include "tecnochat/core/loopback.hpp"
#include "tecnochat/runtime/service.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::kafka {
namespace {

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
    constexpr int kSyslogWarning = 4;
    // Never ERROR: librdkafka calls every lost connection one, and mends it itself.
    const auto ours =
        level <= kSyslogWarning ? telemetry::Level::kWarning : telemetry::Level::kDebug;
    telemetry::log_limited(ours, "librdkafka", {{"facility", facility}, {"detail", text}});
}

bool all_on_loopback(std::string_view brokers) {
    while (!brokers.empty()) {
        const auto comma = brokers.find(',');
        const std::string_view broker = brokers.substr(0, comma);
        brokers = comma == brokers.npos ? std::string_view{} : brokers.substr(comma + 1);
        if (!is_loopback(broker.substr(0, broker.rfind(':')))) return false;
    }
    return true;
}

}  // namespace

Conf::Conf(const Connect& connect) : conf_(rd_kafka_conf_new()) {
    rd_kafka_conf_set_log_cb(conf_.get(), on_log);
    set("client.id", connect.client_id);
    set("socket.nagle.disable", "true");
    set("socket.keepalive.enable", "true");
    set("message.max.bytes", std::to_string(kMaxRecordBytes));
    // A restarted broker is found again quickly, yet not hammered.
    set("reconnect.backoff.ms", "50");
    set("reconnect.backoff.max.ms", "1000");
    set("allow.auto.create.topics", "false");
    set("log.connection.close", "false");
    if (connect.mock_brokers > 0) {
        set("test.mock.num.brokers", std::to_string(connect.mock_brokers));
    } else if (!connect.mock_bootstrap.empty()) {
        set("bootstrap.servers", connect.mock_bootstrap);
    } else {
        set("bootstrap.servers", connect.kafka.brokers);
        set_security(connect.kafka);
    }
}

void Conf::set_security(const config::KafkaSettings& kafka) {
    if (kafka.security == "plaintext" && all_on_loopback(kafka.brokers)) return;
    if (kafka.security != "tls") {
        throw std::runtime_error(
            "kafka-security must be tls, or plaintext with every broker on loopback"
        );
    }
    set("security.protocol", "ssl");
    set("ssl.ca.location", kafka.tls.ca);
    set("ssl.certificate.location", kafka.tls.certificate);
    set("ssl.key.location", kafka.tls.key);
    set("ssl.endpoint.identification.algorithm", "https");
}

void Conf::set(const char* name, const std::string& value) {
    std::array<char, 512> reason{};
    if (rd_kafka_conf_set(conf_.get(), name, value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
        throw std::runtime_error(std::string("Kafka client: ") + reason.data());
    }
}

ClientHandle Conf::create(rd_kafka_type_t type) && {
    std::array<char, 512> reason{};
    ClientHandle client(rd_kafka_new(type, conf_.get(), reason.data(), reason.size()));
    if (!client) throw std::runtime_error(std::string("Kafka client: ") + reason.data());
    [[maybe_unused]] const auto* owned_by_client = conf_.release();
    return client;
}

Error error_of(rd_kafka_resp_err_t code) {
    const std::string name = rd_kafka_err2name(code);
    switch (code) {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_MSG:
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
            return make_error(ErrorCode::kInvalidArgument, "Kafka refuses the record", name);
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            return make_error(
                ErrorCode::kPermissionDenied, "Kafka does not allow this to us", name
            );
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
            return make_error(ErrorCode::kUnavailable, "the queue to Kafka is full", name);
        default:  // librdkafka has well over a hundred codes; what is not ours is the broker's
            return make_error(ErrorCode::kUnavailable, "Kafka did not take the record", name);
    }
}

bool means_lost_brokers(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

void stop_on_fatal(rd_kafka_t* client, const std::string& who) {
    std::array<char, 256> reason{};
    const auto code = rd_kafka_fatal_error(client, reason.data(), reason.size());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    telemetry::log_error(
        "a fatal Kafka error ends the process",
        {{"client", who}, {"code", rd_kafka_err2name(code)}, {"detail", reason.data()}}
    );
    runtime::request_stop(1, who + ": fatal Kafka error " + rd_kafka_err2name(code));
}

void stop_on_fence(const std::string& group, const std::string& instance) {
    // All consumers of a process are fenced at about the same time.
    static std::atomic<bool> said{false};
    if (!said.exchange(true)) {
        telemetry::log_error(
            "this process was fenced and ends: most likely another one with the same instance has "
            "taken its place, so give every replica a TECNOCHAT_INSTANCE of its own; if there is "
            "none, a broker handed the group over to another, and a new start is all it takes",
            {{"group", group}, {"instance", instance}}
        );
    }
    runtime::request_stop(
        1, group + ": fenced, most likely by another process with the same instance"
    );
}

}  // namespace tecnochat::kafka
