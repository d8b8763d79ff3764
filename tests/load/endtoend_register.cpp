// endtoend-register: makes many numbers known to whatsapp-connector by its own RegisterChannel,
// several calls at once. Reads lines of "tenant_id waba_id phone_number_id display…". For benches
// that need thousands of tenants: a process for each (tecnochat-provision seed) would take minutes.

#include <grpcpp/channel.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "tecnochat/rpc/caller.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"

namespace {

using namespace tecnochat;
using whatsapp::v1::RegisterChannelRequest;
using whatsapp::v1::WhatsAppService;

constexpr Milliseconds kOnce{20'000};

std::vector<RegisterChannelRequest> read(const std::string& path) {
    std::vector<RegisterChannelRequest> requests;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        auto& request = requests.emplace_back();
        words >> *request.mutable_tenant_id() >> *request.mutable_waba_id() >>
            *request.mutable_phone_number_id() >> std::ws;
        std::getline(words, *request.mutable_display_phone_number());
    }
    return requests;
}

/// What the first refused call was told; empty: all were taken.
std::string register_all(
    const std::vector<RegisterChannelRequest>& requests,
    WhatsAppService::Stub& stub,
    rpc::Caller& caller,
    int at_once
) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::string refused;
    const auto work = [&] {
        for (std::size_t i = next++; i < requests.size(); i = next++) {
            const auto done = caller.call(
                stub,
                &WhatsAppService::Stub::RegisterChannel,
                {"RegisterChannel", rpc::Effect::kIdempotent},
                requests[i],
                Deadline::after(kOnce)
            );
            if (done) continue;
            const std::scoped_lock lock(mutex);
            refused = requests[i].phone_number_id() + ": " + done.error().message;
            next = requests.size();
        }
    };
    std::vector<std::jthread> threads;
    for (int i = 0; i < at_once; ++i) threads.emplace_back(work);
    threads.clear();
    return refused;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App cli{"Registers many numbers at whatsapp-connector."};
    config::TlsFiles tls;
    std::string connector;
    std::string numbers;
    int at_once = 8;
    cli.add_option("--connector", connector, "host:port")->required();
    cli.add_option("--tls-ca", tls.ca, "PEM file")->required();
    cli.add_option("--tls-cert", tls.certificate, "PEM file")->required();
    cli.add_option("--tls-key", tls.key, "PEM file")->required();
    cli.add_option("--numbers", numbers, "file of lines")->required();
    cli.add_option("--at-once", at_once, "calls under way");
    CLI11_PARSE(cli, argc, argv);
    try {
        telemetry::Metrics metrics;  // nobody reads them: this program ends
        rpc::Caller caller("whatsapp-connector", metrics);
        const auto stub =
            WhatsAppService::NewStub(rpc::connect(connector, "whatsapp-connector", tls));
        const auto refused = register_all(read(numbers), *stub, caller, at_once);
        if (!refused.empty()) throw std::runtime_error(refused);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "endtoend-register: %s\n", error.what());
        return 1;
    }
}
