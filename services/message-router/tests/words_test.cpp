// Which texts say something that could be answered.
#include "domain/words.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace tecnochat::message_router::domain {
namespace {

TEST_CASE("letters and digits of any script are words") {
    const std::string text = GENERATE(
        "oi", "¿sí?", "2", "1\uFE0F\u20E3", "ñ", "º", "да", "你好", "مرحبا", "नमस्ते", "👍 ok", "…a"
    );
    INFO(text);
    CHECK(has_words(text));
}

TEST_CASE("marks, pictures and what nobody sees are none") {
    const std::string text = GENERATE(
        "",
        " \n\t",
        ".",
        "???",
        "¿?",
        "¡!",
        "…",
        "👍",
        "👍🏽👩‍👩‍👧",
        "❤️",
        "🇨🇴",
        "\u200B",
        "\u00A0\uFEFF\u2060",
        "؟",
        "。",
        "$",
        "€",
        "\uFFFD"
    );
    INFO(text);
    CHECK_FALSE(has_words(text));
}

TEST_CASE("bytes that are no UTF-8 are no words, and hide none behind them") {
    CHECK_FALSE(has_words("\xff\xfe"));
    CHECK_FALSE(has_words("\xe2\x82"));
    CHECK(
        has_words("\xff"
                  "a")
    );
    CHECK(
        has_words("\xe2\x82"
                  "a")
    );
}

}  // namespace
}  // namespace tecnochat::message_router::domain
