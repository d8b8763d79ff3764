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
    CHECK(std::holds_alternative<Doubtful>(judge_http_answer(400, "<html>")));
    // Meta's words for its own failure are no refusal, with whatever status they come.
    for (const auto* code : {"131000", "131016"}) {
        const auto body = std::string(R"({"error":{"code":)") + code + "}}";
        CHECK(std::holds_alternative<Doubtful>(judge_http_answer(400, body)));
    }
    CHECK(std::holds_alternative<Doubtful>(judge_http_answer(302, "{}")));
}

}  // namespace tecnochat::whatsapp_connector
