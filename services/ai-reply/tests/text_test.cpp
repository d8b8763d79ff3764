// Goal: what a customer types and what a business wrote meet as the same words.

#include "domain/text.hpp"

#include <catch2/catch.hpp>

#include "domain/stemmer.hpp"
#include "domain/typo.hpp"

namespace tecnochat::ai_reply {
namespace {

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    for (const Token& token : tokenize(text)) out.push_back(token.text);
    return out;
}

TEST_CASE("folding takes case, accents and tildes away and keeps the letters") {
    CHECK(fold("Ñandú PINGÜINO Ésta") == "nandu pinguino esta");
    CHECK(fold("a\xCC\x81rbol") == "arbol");           // combining acute
    CHECK(fold("\xEF\xBC\xA1\xEF\xBC\xA2") == "ab");   // full-width AB
    CHECK(fold("hola \xF0\x9F\x91\x8D") == "hola  ");  // emoji
}

TEST_CASE("invalid UTF-8 becomes blanks, never a crash") {
    CHECK(fold("a\xFF\xC3") == "a  ");
    CHECK(fold("\xE2\x82") == "  ");
    CHECK(words("caf\xC3\xA9\xC3") == std::vector<std::string>{"cafe"});
}

TEST_CASE("amounts read the same however they are written") {
    CHECK(words("$1.600.000") == std::vector<std::string>{"1600000"});
    CHECK(words("1'600.000") == std::vector<std::string>{"1600000"});
    CHECK(words("1,600,000 pesos") == std::vector<std::string>{"1600000", "pesos"});
    CHECK(words("85 mil") == std::vector<std::string>{"85000"});
    CHECK(tokenize("$3.500")[0].kind == TokenKind::kMoney);
    CHECK(tokenize("$ 3.500")[0].kind == TokenKind::kMoney);
}

TEST_CASE("clock times are recognised in Colombian spelling") {
    for (const char* text : {"9:00 a. m.", "9 a.m.", "9am", "12 m.", "9:30"}) {
        INFO(text);
        const auto tokens = tokenize(text);
        REQUIRE(tokens.size() == 1);
        CHECK(tokens[0].kind == TokenKind::kClock);
    }
    CHECK(tokenize("12 personas")[0].kind == TokenKind::kNumber);
}

TEST_CASE("letters drawn out for emphasis are one") {
    CHECK(words("buenassss holaaa") == std::vector<std::string>{"buenas", "hola"});
    CHECK(words("llevar") == std::vector<std::string>{"llevar"});
}

TEST_CASE("tokens are bounded") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "hola ";
    CHECK(tokenize(text, 100).size() <= 100);
}

TEST_CASE("sentences end where a new one visibly begins") {
    using Sentences = std::vector<std::string_view>;
    CHECK(
        split_sentences("Abrimos de 9:00 a. m. a 8:00 p. m. Los domingos no abrimos.") ==
        Sentences{"Abrimos de 9:00 a. m. a 8:00 p. m.", "Los domingos no abrimos."}
    );
    CHECK(split_sentences("Cuesta $3.500. Es pan.") == Sentences{"Cuesta $3.500.", "Es pan."});
    CHECK(split_sentences("Con la Dra. Paula Henao.") == Sentences{"Con la Dra. Paula Henao."});
    CHECK(split_sentences("uno\ndos") == Sentences{"uno", "dos"});
    CHECK(split_sentences("¿Llueve? Sí. Élite.") == Sentences{"¿Llueve?", "Sí.", "Élite."});
    CHECK(split_sentences("  \n ").empty());
}

TEST_CASE("the stemmer joins forms, also where folding took an accent") {
    Stemmer stemmer;
    CHECK(stemmer.stem("cancelacion") == stemmer.stem("cancelaciones"));
    CHECK(stemmer.stem("tortas") == stemmer.stem("torta"));
    CHECK(stemmer.stem("encargos") == stemmer.stem("encargo"));
    CHECK(stemmer.stem("") == "");
}

TEST_CASE("words that sound alike share a key") {
    CHECK(phonetic_key("limpiesa") == phonetic_key("limpieza"));
    CHECK(phonetic_key("kiero") == phonetic_key("quiero"));
    CHECK(phonetic_key("semento") == phonetic_key("cemento"));
    CHECK(phonetic_key("brakets") == phonetic_key("brackets"));
    CHECK(phonetic_key("aveno") == phonetic_key("abeno"));
    CHECK(phonetic_key("caro") != phonetic_key("cazo"));
}

TEST_CASE("edit distance counts a swap of neighbours once and respects its limit") {
    CHECK(within_edits("degrade", "degrade", 0));
    CHECK(within_edits("horaroi", "horario", 1));
    CHECK(within_edits("domicilo", "domicilio", 1));
    CHECK_FALSE(within_edits("torta", "carta", 1));
    CHECK_FALSE(within_edits("pan", "panaderia", 2));
}

TEST_CASE("diminutives lead back to their word") {
    CHECK(without_diminutive("perrito") == "perro");
    CHECK(without_diminutive("minuticos") == "minuto");
    CHECK(without_diminutive("citica") == "cita");
    CHECK(without_diminutive("poquito") == "poco");
    CHECK(without_diminutive("pan").empty());
    CHECK(without_diminutive("precio").empty());
}

}  // namespace
}  // namespace tecnochat::ai_reply
