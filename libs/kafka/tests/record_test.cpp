#include "tecnochat/kafka/record.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat;
using namespace tecnochat::kafka;

TEST_CASE("an event carries the CloudEvents headers of the Kafka binding") {
    const auto tenant = TenantId::generate(from_unix_ms(1'773'239'400'000));
    const auto trace = telemetry::TraceContext::generate();
    Record record;
    record.headers = to_headers(
        {"id-1",
         "tecnochat.ai.v1.AiReply",
         "/tecnochat/ai-reply",
         from_unix_ms(1'773'239'400'000),
         tenant,
         trace}
    );
    CHECK(record.event_id() == "id-1");
    CHECK(record.header("ce_specversion") == "1.0");
    CHECK(record.header("ce_type") == "tecnochat.ai.v1.AiReply");
    CHECK(record.header("ce_source") == "/tecnochat/ai-reply");
    CHECK(record.header("ce_time") == "2026-03-11T14:30:00.000Z");
    CHECK(record.header("content-type") == "application/protobuf");
    CHECK(record.header("tenantid") == tenant.to_string());
    CHECK(record.trace() == trace);
}

TEST_CASE("what an event does not have is not in its headers") {
    Record record;
    record.headers = to_headers({"id", "t", "s", from_unix_ms(0), std::nullopt, std::nullopt});
    CHECK(record.header("tenantid").empty());
    CHECK_FALSE(record.trace().has_value());
}
