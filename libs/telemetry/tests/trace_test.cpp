// Goal: traceparent is read and written as W3C Trace Context (version 00) says.
#include "tecnochat/telemetry/trace.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace tecnochat::telemetry;

namespace {
const std::string kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
}

TEST_CASE("a traceparent survives parsing and printing") {
    const auto context = TraceContext::parse(kExample);
    REQUIRE(context);
    CHECK(context->traceparent() == kExample);
    CHECK(context->trace_id_hex() == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(context->flags == 1);
}

TEST_CASE("generated contexts are valid and differ; a child keeps the trace only") {
    const auto a = TraceContext::generate();
    const auto b = TraceContext::generate();
    CHECK(TraceContext::parse(a.traceparent()) == a);
    CHECK(a.trace_id != b.trace_id);
    CHECK(a.child().trace_id == a.trace_id);
    CHECK(a.child().span_id != a.span_id);
}

TEST_CASE("malformed traceparents are refused") {
    const std::string zeros_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    const std::string zeros_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
    std::string upper = kExample;
    upper[3] = 'A';
    std::string not_hex = kExample;
    not_hex[3] = 'g';
    std::string no_dash = kExample;
    no_dash[35] = '0';
    for (const auto& text :
         {std::string(),
          kExample.substr(0, 54),
          kExample + "-00",
          "ff" + kExample.substr(2),
          "01" + kExample.substr(2) + "00",
          zeros_trace,
          zeros_span,
          upper,
          not_hex,
          no_dash}) {
        INFO(text);
        CHECK_FALSE(TraceContext::parse(text));
    }
}

TEST_CASE("a later version is read by its version 00 part") {
    CHECK(TraceContext::parse("01" + kExample.substr(2)));
    CHECK(TraceContext::parse("01" + kExample.substr(2) + "-more"));
}

TEST_CASE("scopes nest and restore") {
    CHECK_FALSE(current_trace());
    const auto outer = TraceContext::generate();
    {
        const TraceScope outer_scope(outer);
        {
            const TraceScope inner_scope(outer.child());
            CHECK(current_trace()->span_id != outer.span_id);
        }
        CHECK(current_trace() == outer);
    }
    CHECK_FALSE(current_trace());
}
