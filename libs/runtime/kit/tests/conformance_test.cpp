// Goal: every service answers, refuses, starts and stops alike.
// Method: the suite of libs/testkit over the built binaries; the skeleton of libs/runtime/README.md
// runs through its whole life.
#include <catch2/catch.hpp>

#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/testkit/service_conformance.hpp"

using namespace tecnochat;
using testkit::ServiceUnderTest;

namespace {

ServiceUnderTest built(const std::string& name) {
    return {name, BINARIES + name, {}, {}};
}

struct Fixture {
    Fixture() {
        cluster.create_topic("things", 1);
        service.flags = {
            "--kafka-brokers",
            cluster.bootstrap(),
            "--kafka-security",
            "plaintext",
            "--tls-ca",
            "none",
            "--tls-cert",
            "none",
            "--tls-key",
            "none",
        };
        service.environment = {{"TECNOCHAT_POSTGRES_URL", sandbox.service_url().reveal()}};
    }
    postgres::testing::Sandbox sandbox;
    kafka::testing::MockCluster cluster;
    ServiceUnderTest service = built("example-service");
};

}  // namespace

TEST_CASE("every service answers its questions, and its failpoints bear its name") {
    for (const char* name :
         {"ai-reply", "example-service", "message-router", "webhook-ingress", "whatsapp-connector"
         }) {
        CHECK_NOTHROW(testkit::check_answers(built(name)));
    }
}

TEST_CASE("every service refuses settings it does not know") {
    for (const char* name :
         {"ai-reply", "example-service", "message-router", "webhook-ingress", "whatsapp-connector"
         }) {
        CHECK_NOTHROW(testkit::check_unknown_settings(built(name)));
    }
}

TEST_CASE_METHOD(Fixture, "a service whose database is away does not start, and says so") {
    sandbox.go_away();
    CHECK_NOTHROW(testkit::check_cannot_start(service, {}, {}, 1));
    sandbox.come_back();
}

TEST_CASE_METHOD(Fixture, "a service is ready while database and broker are, and stops with 0") {
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
