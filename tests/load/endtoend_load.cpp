// endtoend-load: posts webhook bodies that somebody else composed, one a line, each once, signed,
// in open loop. Prints one JSON object; `started_us` dates the schedule: body i was due
// i / rate seconds later.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "bodies.hpp"
#include "engine.hpp"
#include "processor_time.hpp"
#include "tecnochat/core/environment.hpp"
#include "tecnochat/crypto/hmac.hpp"

namespace {

using namespace tecnochat;
using namespace tecnochat::load;

std::vector<std::string> read_requests(
    const std::string& file, const Target& target, const std::string& secret
) {
    std::ifstream lines(file);
    if (!lines) throw std::runtime_error("cannot read " + file);
    const crypto::HmacSha256 key(secret);
    std::vector<std::string> requests;
    for (std::string line; std::getline(lines, line);) {
        requests.push_back(signed_request(target, line, key));
    }
    if (requests.empty()) throw std::runtime_error(file + " is empty");
    return requests;
}

std::string to_json(const Outcome& outcome) {
    std::string statuses;
    for (const auto& [status, count] : outcome.statuses) {
        statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
    }
    const auto started =
        std::chrono::duration_cast<std::chrono::microseconds>(outcome.started.time_since_epoch());
    return fmt::format(
        R"({{"started_us":{},"sent":{},"broken":{},"late":{},"statuses":{{{}}},)"
        R"("ack_p50_ms":{:.3f},"ack_p99_ms":{:.3f},"cpu_seconds":{:.2f}}})",
        started.count(),
        outcome.sent,
        outcome.broken,
        outcome.late,
        statuses,
        static_cast<double>(outcome.latency.quantile(0.5)) / 1e3,
        static_cast<double>(outcome.latency.quantile(0.99)) / 1e3,
        processor_seconds(getpid())
    );
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App cli{"Posts signed webhook bodies at a fixed rate, each once."};
    cli.option_defaults()->always_capture_default();
    std::string url;
    std::string file;
    Plan plan;
    cli.add_option("--url", url, "http://address:port/path")->required();
    cli.add_option("--bodies", file, "one JSON body a line")->required();
    cli.add_option("--rate", plan.rate, "requests per second")->required();
    cli.add_option("--connections", plan.connections, "kept-alive connections");
    CLI11_PARSE(cli, argc, argv);
    try {
        const auto secret = environment_variable("META_APP_SECRET");
        if (!secret) throw std::runtime_error("META_APP_SECRET is not set");
        if (plan.rate <= 0) throw std::runtime_error("--rate must be positive");
        plan.target = parse_url(url);
        const auto requests = read_requests(file, plan.target, *secret);
        plan.warmup = std::chrono::milliseconds(0);
        // Exactly as long as it takes for every body to become due once.
        const double last_due = (static_cast<double>(requests.size()) - 0.5) / plan.rate;
        plan.measure = std::chrono::milliseconds(static_cast<std::int64_t>(last_due * 1e3) + 1);
        const Outcome outcome = run(plan, requests);
        std::puts(to_json(outcome).c_str());
        return outcome.sent == requests.size() && outcome.broken == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "endtoend-load: %s\n", error.what());
        return 1;
    }
}
