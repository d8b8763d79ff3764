// topic-records: how many records topics hold, by their partitions' end offsets. Prints one JSON
// object {"topic": count}. For benches: answers given are compared with records kept.

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <stdexcept>

namespace {

constexpr int kTimeoutMs = 10'000;

struct DestroyClient {
    void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
};
using Client = std::unique_ptr<rd_kafka_t, DestroyClient>;

struct Settings {
    std::string brokers;
    std::string ca;
    std::string certificate;
    std::string key;
};

void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
    std::array<char, 256> reason{};
    if (rd_kafka_conf_set(conf, name, value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
        throw std::runtime_error(reason.data());
    }
}

Client connect(const Settings& settings) {
    auto* conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", settings.brokers);
    if (!settings.ca.empty()) {
        set(conf, "security.protocol", "ssl");
        set(conf, "ssl.ca.location", settings.ca);
        set(conf, "ssl.certificate.location", settings.certificate);
        set(conf, "ssl.key.location", settings.key);
    }
    std::array<char, 256> reason{};
    Client client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size()));
    if (!client) throw std::runtime_error(reason.data());
    return client;
}

void require(rd_kafka_resp_err_t code) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
}

std::int64_t records(rd_kafka_t* client, const std::string& topic) {
    rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto code = rd_kafka_metadata(client, 0, handle, &metadata, kTimeoutMs);
    rd_kafka_topic_destroy(handle);
    require(code);
    const int partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    std::int64_t sum = 0;
    for (int partition = 0; partition < partitions; ++partition) {
        std::int64_t low = 0;
        std::int64_t high = 0;
        require(rd_kafka_query_watermark_offsets(
            client, topic.c_str(), partition, &low, &high, kTimeoutMs
        ));
        sum += high;
    }
    return sum;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App cli{"Counts the records ever written to topics."};
    Settings settings;
    std::vector<std::string> topics;
    cli.add_option("--brokers", settings.brokers, "host:port,…")->required();
    cli.add_option("--tls-ca", settings.ca, "PEM file; without it: plaintext");
    cli.add_option("--tls-cert", settings.certificate, "PEM file");
    cli.add_option("--tls-key", settings.key, "PEM file");
    cli.add_option("topics", topics, "topics")->required();
    CLI11_PARSE(cli, argc, argv);
    try {
        const Client client = connect(settings);
        std::string out;
        for (const std::string& topic : topics) {
            out += fmt::format(
                "{}\"{}\":{}", out.empty() ? "" : ",", topic, records(client.get(), topic)
            );
        }
        std::printf("{%s}\n", out.c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "topic-records: %s\n", error.what());
        return 1;
    }
}
