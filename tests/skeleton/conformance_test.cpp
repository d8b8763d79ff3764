// Goal: every service answers, refuses, starts and stops alike.
// Method: the suite of libs/testkit over the built binaries; echo-service, which is made by the ten
// steps of docs/development.md, runs through its whole life.
#include <array>
#include <catch2/catch.hpp>

#include "echo_fixture.hpp"

using namespace tecnochat;
using testkit::ServiceUnderTest;

namespace {

constexpr std::array kServices{
    "ai-reply", "echo-service", "message-router", "webhook-ingress", "whatsapp-connector"
};

ServiceUnderTest built(const std::string& name) {
    return {name, BINARIES + name, {}, {}};
}

}  // namespace

TEST_CASE("every service answers its questions, and its failpoints bear its name") {
    for (const char* name : kServices) {
        CHECK_NOTHROW(testkit::check_answers(built(name)));
    }
}

TEST_CASE("every service refuses settings it does not know") {
    for (const char* name : kServices) {
        CHECK_NOTHROW(testkit::check_unknown_settings(built(name)));
    }
}

TEST_CASE_METHOD(
    skeleton::EchoFixture, "a service whose database is away does not start, and says so"
) {
    sandbox.go_away();
    CHECK_NOTHROW(testkit::check_cannot_start(service, {}, {}, 1));
    sandbox.come_back();
}

TEST_CASE_METHOD(
    skeleton::EchoFixture, "a service is ready while database and broker are, and stops with 0"
) {
    testkit::RunningService running(service);
    REQUIRE(running.becomes_ready());
    sandbox.go_away();
    CHECK(running.becomes_unready());
    sandbox.come_back();
    CHECK(running.becomes_ready());
    cluster.set_down(true);
    CHECK(running.becomes_unready());
    cluster.set_down(false);
    CHECK(running.becomes_ready());
    CHECK(running.terminate(Milliseconds(20'000)) == 0);
}
