// tecnochat-load: an HTTP load generator for signed webhooks. Prints one JSON object.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "bodies.hpp"
#include "engine.hpp"
#include "tecnochat/core/environment.hpp"

namespace {

using namespace tecnochat::load;

std::string to_json(const Plan& plan, const Outcome& outcome) {
    std::string statuses;
    for (const auto& [status, count] : outcome.statuses) {
        statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
    }
    std::string cpu;
    const double own_cpu = outcome.cpu_seconds.at(getpid());
    for (const auto& [pid, seconds] : outcome.cpu_seconds) {
        cpu += fmt::format("{}\"{}\":{:.2f}", cpu.empty() ? "" : ",", pid, seconds);
    }
    const auto ms = [&](double q) {
        return static_cast<double>(outcome.latency.quantile(q)) / 1e3;
    };
    return fmt::format(
        R"({{"mode":"{}","connections":{},"seconds":{},"answers":{},"per_second":{:.1f},)"
        R"("p50_ms":{:.3f},"p90_ms":{:.3f},"p99_ms":{:.3f},"p999_ms":{:.3f},"max_ms":{:.3f},)"
        R"("mean_ms":{:.3f},"sent":{},"broken":{},"late":{},"statuses":{{{}}},)"
        R"("cpu_seconds":{{{}}},"own_cpu_seconds":{:.2f}}})",
        plan.rate > 0 ? "open" : "closed",
        plan.connections,
        outcome.seconds,
        outcome.answers,
        static_cast<double>(outcome.answers) / outcome.seconds,
        ms(0.5),
        ms(0.9),
        ms(0.99),
        ms(0.999),
        static_cast<double>(outcome.latency.max()) / 1e3,
        outcome.latency.mean() / 1e3,
        outcome.sent,
        outcome.broken,
        outcome.late,
        statuses,
        cpu,
        own_cpu
    );
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App cli{"Load for the webhook edge: signed text messages over kept-alive connections."};
    cli.option_defaults()->always_capture_default();
    std::string url;
    std::size_t bodies = 10'000;
    std::string run_name = "A";
    double warmup = 1;
    double seconds = 4;
    Plan plan;
    cli.add_option("--url", url, "http://address:port/path")->required();
    cli.add_option("--connections", plan.connections, "kept-alive connections");
    cli.add_option("--rate", plan.rate, "open loop: requests per second; 0: closed loop");
    cli.add_option("--warmup", warmup, "seconds before measuring");
    cli.add_option("--seconds", seconds, "seconds measured");
    cli.add_option("--bodies", bodies, "different signed bodies");
    cli.add_option("--run", run_name, "part of every message id");
    cli.add_option("--pids", plan.pids, "processes whose processor time to report")->delimiter(',');
    CLI11_PARSE(cli, argc, argv);
    try {
        const auto secret = tecnochat::environment_variable("META_APP_SECRET");
        if (!secret) throw std::runtime_error("META_APP_SECRET is not set");
        plan.target = parse_url(url);
        plan.warmup = std::chrono::milliseconds(static_cast<std::int64_t>(warmup * 1000));
        plan.measure = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
        plan.pids.push_back(getpid());
        const auto requests = signed_requests(plan.target, bodies, *secret, run_name);
        std::puts(to_json(plan, run(plan, requests)).c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tecnochat-load: %s\n", error.what());
        return 1;
    }
}
