// A gRPC server in a process of its own, for client_test.cpp: lone_server <listen> <ca>
// <certificate> <key> <allow list>. Runs until it is killed, or its parent ends.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/rpc/server.hpp"

using namespace tecnochat;

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    telemetry::Metrics metrics;
    conversations::v1::ConversationsService::Service service;
    rpc::Server server(
        {"message-router", argv[1], {argv[2], argv[3], argv[4]}, argv[5]}, {&service}, metrics
    );
    if (const auto started = server.start(); !started) {
        std::fputs(started.error().message.c_str(), stderr);
        return 1;
    }
    while (true) pause();
}
