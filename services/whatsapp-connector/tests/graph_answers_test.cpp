// Goal: what a fully read answer of Meta's says of a send. Method: tables.
#include "clients/graph_answers.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace tecnochat::whatsapp_connector {

TEST_CASE("a 200 with a message id is accepted; a 200 without one is in doubt") {
    const auto accepted =
        judge_http_answer(200, R"({"messaging_product":"whatsapp","messages":[{"id":"wamid.A"}]})");
    REQUIRE(std::holds_alternative<Accepted>(accepted));
    CHECK(std::get<Accepted>(accepted).wamid == "wamid.A");
    for (const char* body :
         {"",
          "{}",
          "[]",
          R"({"messages":[]})",
          R"({"messages":[{}]})",
          R"({"messages":[{"id":7}]})",
          R"({"messages":[{"id":""}]})",
          "<html>",
          "{\"messages\":"}) {
        CHECK(std::holds_alternative<Doubtful>(judge_http_answer(200, body)));
    }
}

TEST_CASE("a fully read 4xx with a code is a refusal; what says that Meta broke is in doubt") {
    const auto answer =
        judge_http_answer(400, R"({"error":{"message":"m","code":100,"error_subcode":33}})");
    REQUIRE(std::holds_alternative<Refused>(answer));
    CHECK(std::get<Refused>(answer).code == 100);
    CHECK(std::get<Refused>(answer).subcode == 33);
    CHECK(std::holds_alternative<Doubtful>(judge_http_answer(500, R"({"error":{"code":130429}})")));
    // Meta's words for its own failure are no refusal, with whatever status they come.
    for (const auto* code : {"131000", "131016"}) {
        const auto body = std::string(R"({"error":{"code":)") + code + "}}";
        CHECK(std::holds_alternative<Doubtful>(judge_http_answer(400, body)));
    }
}

TEST_CASE("a refusal is read leniently: only code and subcode matter") {
    const auto answer = judge_http_answer(
        400, R"({"error":{"code":100,"error_data":"no number","error_subcode":133010}})"
    );
    REQUIRE(std::holds_alternative<Refused>(answer));
    CHECK(std::get<Refused>(answer).code == 100);
    CHECK(std::get<Refused>(answer).subcode == 133010);
    CHECK(classify_refusal(std::get<Refused>(answer)) == ErrorClass::kStop);
    const auto odd = judge_http_answer(400, R"({"error":{"code":100,"error_subcode":"?"}})");
    REQUIRE(std::holds_alternative<Refused>(odd));
    CHECK(std::get<Refused>(odd).subcode == 0);
}

TEST_CASE("the headers say how long to wait") {
    const Timestamp now{Milliseconds(784'111'777'000)};  // Sun, 06 Nov 1994 08:49:37 GMT
    const auto usage = [](const std::string& minutes) {
        return R"({"501":[{"type":"whatsapp","estimated_time_to_regain_access":)" + minutes + "}]}";
    };
    CHECK(asked_pause("5", "", now) == std::chrono::seconds(5));
    CHECK(asked_pause("Sun, 06 Nov 1994 08:50:37 GMT", "", now) == std::chrono::seconds(60));
    CHECK(asked_pause("Sun, 06 Nov 1994 08:40:37 GMT", "", now) == Milliseconds(0));
    CHECK(asked_pause("", usage("7"), now) == std::chrono::minutes(7));
    CHECK(asked_pause("5", usage("7"), now) == std::chrono::minutes(7));
    CHECK(asked_pause("99999999", usage("2147483647"), now) == std::chrono::days(1));
    for (const char* odd : {"", "-5", "soon", "5 s", "99999999999999999999"})
        CHECK(asked_pause(odd, usage("\"?\""), now) == Milliseconds(0));
    for (const char* odd : {"[]", "{", "{\"1\":[7]}", "{\"1\":{}}"})
        CHECK(asked_pause("", odd, now) == Milliseconds(0));
}

TEST_CASE("every 2xx with a message id is accepted") {
    for (const int status : {200, 201, 202, 299}) {
        INFO(status);
        CHECK(std::holds_alternative<Accepted>(
            judge_http_answer(status, R"({"messages":[{"id":"wamid.A"}]})")
        ));
    }
    CHECK(std::holds_alternative<Doubtful>(judge_http_answer(204, "")));
}

TEST_CASE("a fully read 3xx or 4xx is a definite no without any error object of Meta's") {
    for (const int status : {300, 302, 307, 400, 401, 404, 408, 413, 429, 499}) {
        for (const char* body :
             {"",
              "<html>",
              "{}",
              "[]",
              "null",
              R"({"error":"no"})",
              R"({"error":{}})",
              R"({"error":{"code":"?"}})",
              R"({"error":{"code":99999999999999999999}})",
              R"({"error":{"code":4294967296}})",
              R"({"error":{"code":4)"}) {
            INFO(status << " " << body);
            const auto answer = judge_http_answer(status, body);
            REQUIRE(std::holds_alternative<Refused>(answer));
            CHECK_FALSE(std::get<Refused>(answer).code.has_value());
            CHECK(std::get<Refused>(answer).cause() == status);
        }
    }
    for (const int status : {500, 502, 503, 504, 599})
        CHECK(std::holds_alternative<Doubtful>(judge_http_answer(status, "<html>")));
}

}  // namespace tecnochat::whatsapp_connector
