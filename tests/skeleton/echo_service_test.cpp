// Goal: what the ten steps of docs/development.md make is a whole service, and a small one.
// Method: the built echo-service as a process between a real PostgreSQL, librdkafka's mock broker
// and callers with certificates of their own.
#include <grpcpp/channel.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "echo_fixture.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/echo/v1/echo_service.grpc.pb.h"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/postgres/testing/catalogue_review.hpp"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::skeleton {
namespace {

constexpr Milliseconds kLong{30'000};
constexpr int kSkeletonLinesMax = 150;

Uuid uuid_of(std::string_view name) {
    return Uuid::v5(kTecnochatNamespace, name);
}

/// Collects a topic from its beginning.
class Reader {
 public:
    Reader(const std::string& bootstrap, std::string topic, telemetry::Metrics& metrics)
        : consumer_(
              config(bootstrap, std::move(topic)),
              [this](std::span<const kafka::Record> batch) {
                  records_.with([&](auto& all) {
                      all.insert(all.end(), batch.begin(), batch.end());
                  });
                  return ok();
              },
              metrics
          ) {
        consumer_.start();
    }
    std::vector<kafka::Record> wait_for(std::size_t count) {
        const bool there = testkit::eventually(kLong, [&] { return records().size() >= count; });
        REQUIRE(there);
        return records();
    }

 private:
    static kafka::ConsumerConfig config(const std::string& bootstrap, std::string topic) {
        kafka::ConsumerConfig config;
        config.service = "test";
        config.topic = std::move(topic);
        config.reads = kafka::Reads::kAllFromBeginning;
        config.mock_bootstrap = bootstrap;
        return config;
    }
    std::vector<kafka::Record> records() {
        return records_.with([](const auto& all) { return all; });
    }

    Guarded<std::vector<kafka::Record>> records_;
    kafka::Consumer consumer_;
};

struct Fixture : EchoFixture {
    Fixture() { REQUIRE(running.becomes_ready()); }
    static kafka::ProducerConfig producer_config(const std::string& bootstrap) {
        kafka::ProducerConfig config;
        config.client_id = "test";
        config.mock_bootstrap = bootstrap;
        return config;
    }
    [[nodiscard]] kafka::OutRecord said(const std::string& id, const std::string& text) const {
        echo::v1::Echo wire;
        wire.set_tenant_id(tenant.to_string());
        wire.set_echo_id(uuid_of(id).to_string());
        wire.set_text(text);
        return {"echo.requests", wire.echo_id(), wire.SerializeAsString(), {}};
    }
    void send(const std::vector<kafka::OutRecord>& records) {
        REQUIRE(producer.send_and_wait(records, Deadline::after(kLong)));
    }
    grpc::Status get(
        const std::string& caller, const TenantId& of, echo::v1::GetEchoResponse& response
    ) {
        const auto channel =
            rpc::connect("127.0.0.1:" + std::to_string(rpc_port), "echo-service", identity(caller));
        const auto stub = echo::v1::EchoService::NewStub(channel);
        echo::v1::GetEchoRequest request;
        request.set_tenant_id(of.to_string());
        request.set_echo_id(uuid_of("one").to_string());
        grpc::ClientContext context;
        rpc::prepare(context, Deadline::after(kLong));
        return stub->GetEcho(&context, request, &response);
    }

    TenantId tenant{uuid_of("tenant")};
    TenantId stranger{uuid_of("stranger")};
    telemetry::Metrics metrics;
    testkit::RunningService running{service};
    kafka::Producer producer{producer_config(cluster.bootstrap()), metrics};
};

int lines_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    int lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    return lines;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a record is one row, one event and an answer, however often it comes") {
    send({said("one", "hola"), said("one", "hola"), said("two", "¿qué más?")});
    Reader replies(cluster.bootstrap(), "echo.replies", metrics);
    CHECK(replies.wait_for(2).size() == 2);
    CHECK(sandbox.count("SELECT count(*) FROM echoes") == 2);
    CHECK(testkit::eventually(kLong, [&] {
        return sandbox.count("SELECT count(*) FROM outbox") == 0;
    }));

    echo::v1::GetEchoResponse response;
    REQUIRE(get("gateway", tenant, response).ok());
    CHECK(response.echo().text() == "hola");
    CHECK(get("gateway", stranger, response).error_code() == grpc::StatusCode::NOT_FOUND);
    CHECK(get("phone", tenant, response).error_code() == grpc::StatusCode::PERMISSION_DENIED);
    CHECK(running.terminate(kLong) == 0);
}

TEST_CASE_METHOD(Fixture, "an unparsable record is one dead letter, its neighbours are kept") {
    send({{"echo.requests", "k", "\xFF\xFFno echo", {}}, said("one", "hola")});
    Reader letters(cluster.bootstrap(), "dead-letters.echo-service", metrics);
    CHECK(letters.wait_for(1)[0].header("dl-reason") == "unparsable");
    CHECK(testkit::eventually(kLong, [&] {
        return sandbox.count("SELECT count(*) FROM echoes") == 1;
    }));
}

TEST_CASE_METHOD(EchoFixture, "its database passes the review of every service's") {
    auto connection =
        postgres::connect(sandbox.admin_url().reveal(), Deadline::after(Milliseconds(5000)));
    REQUIRE(connection);
    const auto list = certificates.path("database-review.yaml");
    std::ofstream(list) << list_with_echo("database-review.yaml");
    const auto reviewed = postgres::testing::load_review(list, "echo-service");
    CHECK(
        postgres::testing::review_catalogue(
            **connection, sandbox.schema(), "echo-service", reviewed
        ) == std::vector<std::string>{}
    );
}

TEST_CASE("the skeleton of a service has at most 150 lines") {
    int lines = lines_of(kFolder / "CMakeLists.txt");
    for (const char* folder : {"src", "migrations", "deploy"}) {
        for (const auto& file : std::filesystem::directory_iterator(kFolder / folder)) {
            // Folders of src/ are what the service is about: its domain, use cases and adapters.
            if (file.is_regular_file()) lines += lines_of(file);
        }
    }
    CHECK(lines > 100);
    CHECK(lines <= kSkeletonLinesMax);
}

}  // namespace tecnochat::skeleton
