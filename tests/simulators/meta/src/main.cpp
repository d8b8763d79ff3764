#include <fmt/core.h>
#include <pthread.h>

#include <csignal>
#include <exception>

#include "app.hpp"

using namespace tecnochat;

int main(int argc, char** argv) {
    meta_simulator::RawConfig raw;
    config::Options options(
        "meta-simulator",
        "Meta's Graph API and a phone page to chat as a customer, for development."
    );
    meta_simulator::declare(options, raw);
    const auto parsed = options.parse(argc, argv);
    if (parsed && *parsed == config::Outcome::kAnswered) return 0;
    const auto settings = parsed ? meta_simulator::judge(raw) : parsed.error();
    if (!settings) {
        fmt::print(stderr, "meta-simulator: {}\n", settings.error().message);
        return 2;
    }
    // Blocked before any thread starts, so that only sigwait sees them.
    sigset_t stop_signals;
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    try {
        const meta_simulator::App app(*settings);
        // Not options.effective(): it holds the businesses' phone numbers.
        fmt::print(
            stderr,
            "meta-simulator: ready; Graph API on {}, phone page on {}, webhooks to {}\n",
            raw.simulator_listen,
            raw.phone_listen,
            raw.webhook_url
        );
        int received = 0;
        sigwait(&stop_signals, &received);
        fmt::print(stderr, "meta-simulator: stopping\n");
    } catch (const std::exception& error) {
        fmt::print(stderr, "meta-simulator: cannot start: {}\n", error.what());
        return 1;
    }
    return 0;
}
