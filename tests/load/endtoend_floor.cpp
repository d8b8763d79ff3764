// endtoend-floor: what one hop and one commit cost at least on this machine, with the suite's own
// client settings: a record produced (acks=all, TLS) and consumed, and a transaction of one row.
// Prints one JSON object. The topic must be one that nobody reads; the table is temporary in all
// but name: it is made and dropped here.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "histogram.hpp"
#include "tecnochat/core/environment.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace {

using namespace tecnochat;
using Clock = std::chrono::steady_clock;

constexpr Milliseconds kOnce{10'000};

struct Settings {
    config::KafkaSettings kafka;
    std::string topic;
    int rounds = 300;
    Milliseconds pause{20};
};

void require(const Status& status, const char* what) {
    if (!status) throw std::runtime_error(std::string(what) + ": " + status.error().message);
}

std::uint64_t micros_since(Clock::time_point start) {
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    return static_cast<std::uint64_t>(passed.count());
}

/// One record at a time, at the pace of the latency rounds.
load::Histogram kafka_hop(const Settings& settings) {
    telemetry::Metrics metrics;
    std::mutex mutex;
    std::condition_variable changed;
    std::string seen;
    kafka::ConsumerConfig reading;
    reading.kafka = settings.kafka;
    reading.service = "bench";
    reading.topic = settings.topic;
    reading.reads = kafka::Reads::kAllFromBeginning;
    const auto take = [&](std::span<const kafka::Record> records) -> Status {
        const std::scoped_lock lock(mutex);
        seen = records.back().key;
        changed.notify_one();
        return ok();
    };
    kafka::ProducerConfig writing;
    writing.kafka = settings.kafka;
    writing.client_id = "bench";
    kafka::Consumer consumer(std::move(reading), take, metrics);
    kafka::Producer producer(writing, metrics);
    consumer.start();
    const std::string value(500, 'x');
    load::Histogram hops;
    for (int round = -1; round < settings.rounds; ++round) {
        const auto start = Clock::now();
        const std::string key = std::to_string(start.time_since_epoch().count());
        const kafka::OutRecord record{settings.topic, key, value, {}};
        require(producer.send_and_wait({&record, 1}, Deadline::after(kOnce)), "produce");
        std::unique_lock lock(mutex);
        if (!changed.wait_for(lock, kOnce, [&] { return seen == key; })) {
            throw std::runtime_error("a record did not come back");
        }
        lock.unlock();
        if (round >= 0) hops.record(micros_since(start));  // the first one finds the way
        std::this_thread::sleep_for(settings.pause);
    }
    return hops;
}

load::Histogram commit(const Settings& settings, const std::string& url) {
    auto connected = postgres::connect(url, Deadline::after(kOnce));
    if (!connected) throw std::runtime_error("PostgreSQL: " + connected.error().message);
    auto& connection = **connected;
    const auto run = [&](const char* sql, const postgres::Params& params = {}) {
        const auto done = connection.execute(sql, params);
        if (!done) throw std::runtime_error(done.error().message);
    };
    run("CREATE TABLE IF NOT EXISTS bench_floor (id bigint, body text)");
    load::Histogram commits;
    const std::string body(500, 'x');
    for (int round = -1; round < settings.rounds; ++round) {
        const auto start = Clock::now();
        run("INSERT INTO bench_floor VALUES ($1, $2)", postgres::Params().add(round).add(body));
        if (round >= 0) commits.record(micros_since(start));
        std::this_thread::sleep_for(settings.pause);
    }
    run("DROP TABLE bench_floor");
    return commits;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App cli{"The least a Kafka hop and a PostgreSQL commit take."};
    cli.option_defaults()->always_capture_default();
    Settings settings;
    cli.add_option("--brokers", settings.kafka.brokers, "host:port,…")->required();
    cli.add_option("--tls-ca", settings.kafka.tls.ca, "PEM file")->required();
    cli.add_option("--tls-cert", settings.kafka.tls.certificate, "PEM file")->required();
    cli.add_option("--tls-key", settings.kafka.tls.key, "PEM file")->required();
    cli.add_option("--topic", settings.topic, "a topic nobody reads")->required();
    cli.add_option("--rounds", settings.rounds, "hops and commits");
    CLI11_PARSE(cli, argc, argv);
    try {
        const auto url = environment_variable("TECNOCHAT_POSTGRES_URL");
        if (!url) throw std::runtime_error("TECNOCHAT_POSTGRES_URL is not set");
        const auto hops = kafka_hop(settings);
        const auto commits = commit(settings, *url);
        const auto ms = [](std::uint64_t micros) { return static_cast<double>(micros) / 1e3; };
        fmt::print(
            R"({{"hop_p50_ms":{:.3f},"hop_p99_ms":{:.3f},"commit_p50_ms":{:.3f},"commit_p99_ms":{:.3f}}})"
            "\n",
            ms(hops.quantile(0.5)),
            ms(hops.quantile(0.99)),
            ms(commits.quantile(0.5)),
            ms(commits.quantile(0.99))
        );
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "endtoend-floor: %s\n", error.what());
        return 1;
    }
}
