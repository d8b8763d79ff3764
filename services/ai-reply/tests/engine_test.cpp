// Goal: the engine answers with the item's own words, from the right item, or says that it does not
// know. Method: a knowledge base of a few items, questions that isolate one rule each.

#include <catch2/catch.hpp>

#include "domain/builtin_engine.hpp"
#include "domain/small_talk.hpp"

namespace tecnochat::ai_reply {
namespace {

KnowledgeItemId id_of(std::uint8_t n) {
    return KnowledgeItemId(Uuid({0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}));
}

class Bakery {
 public:
    Reply ask(std::string_view question) const {
        return BuiltinEngine().answer({{std::string(question)}}, index_);
    }
    /// The cited item's number, 0 where nothing was answered.
    int item(std::string_view question) const {
        const Reply reply = ask(question);
        return reply.sources.empty() ? 0 : reply.sources[0].item_id.uuid().bytes()[15];
    }

 private:
    Lexicon lexicon_;
    KnowledgeIndex index_{
        lexicon_,
        {
            {id_of(1),
             KnowledgeKind::kHours,
             "Horario",
             "Atendemos de lunes a viernes de 7:00 a. m. a 7:00 p. m. Los sábados hasta la 1:00 p. "
             "m. "
             "Los domingos no abrimos."},
            {id_of(2), KnowledgeKind::kOther, "Ubicación", "Carrera 24 # 37-18, La Soledad."},
            {id_of(3),
             KnowledgeKind::kProduct,
             "Tortas por encargo",
             "La torta de diez porciones cuesta $78.000. Se encargan con dos días de anticipación."
            },
            {id_of(4),
             KnowledgeKind::kPolicy,
             "Medios de pago",
             "Recibimos efectivo y Nequi. No recibimos cheques."},
            {id_of(5), KnowledgeKind::kFaq, "Mascotas", "Los perros pueden entrar al patio."},
            {id_of(6), KnowledgeKind::kProduct, "Pan de centeno", "El pan vale $9.000."},
        }
    };
};

TEST_CASE("an answer is the matching sentence, verbatim, with its item cited") {
    const Reply reply = Bakery().ask("¿abren los domingos?");
    CHECK(reply.action == Action::kAnswer);
    CHECK(reply.intent == Intent::kAskInfo);
    CHECK(reply.text == "Los domingos no abrimos.");
    REQUIRE(reply.sources.size() == 1);
    CHECK(reply.sources[0].item_id == id_of(1));
    CHECK(reply.sources[0].title == "Horario");
    CHECK(reply.sources[0].excerpt == reply.text);
    CHECK(reply.sources[0].score > 0);
}

TEST_CASE("a day inside a range is found by its name") {
    CHECK(
        Bakery().ask("a que hora abren el miercoles").text ==
        "Atendemos de lunes a viernes de 7:00 a. m. a 7:00 p. m."
    );
    CHECK(
        Bakery().ask("hasta q hora atienden los sabados").text == "Los sábados hasta la 1:00 p. m."
    );
}

TEST_CASE("accents, typos, shorthand and diminutives do not matter") {
    const Bakery bakery;
    CHECK(bakery.item("dnd quedan?") == 2);
    CHECK(bakery.item("cuanto vale la tortica") == 3);
    CHECK(bakery.item("¿CUÁNTO CUESTA LA TORTA?") == 3);
    CHECK(bakery.item("resiven nequi?") == 4);
    CHECK(bakery.item("puedo ir con mi perrito") == 5);
}

TEST_CASE("two facts asked for are both answered, in the item's order") {
    CHECK(
        Bakery().ask("con cuanta anticipación encargo la torta y cuánto cuesta?").text ==
        "La torta de diez porciones cuesta $78.000. Se encargan con dos días de anticipación."
    );
}

TEST_CASE("where the question speaks of something the item does not, nothing is invented") {
    const Bakery bakery;
    for (const char* question :
         {"¿tienen torta de matrimonio con muñecos?",
          "cuanto vale el croissant",
          "reciben bitcoin",
          "¿cuál es la capital de Australia?",
          "cuánto vale?",
          "?",
          "",
          "👍",
          "12345"}) {
        INFO(question);
        const Reply reply = bakery.ask(question);
        CHECK(reply.action == Action::kRefuse);
        CHECK(reply.text == kRefusalText);
        CHECK(reply.sources.empty());
    }
}

TEST_CASE("a number in front does not change the answer") {
    const Bakery bakery;
    CHECK(bakery.item("24. ¿cuánto cuesta la torta?") == 3);
    CHECK(bakery.item("[7] dónde quedan") == 2);
}

TEST_CASE("a date is one thing: another day of the month is not covered") {
    const Lexicon lexicon;
    const KnowledgeIndex index(
        lexicon,
        {
            {id_of(1), KnowledgeKind::kHours, "Horario", "Abrimos a las 7:00 a. m."},
            {id_of(2), KnowledgeKind::kHours, "Fiestas", "El 25 de diciembre no abrimos."},
            {id_of(3), KnowledgeKind::kFaq, "Wifi", "Hay wifi gratis."},
        }
    );
    const auto ask = [&](const char* question) {
        return BuiltinEngine().answer({{question}}, index);
    };
    CHECK(ask("¿abren el 25 de diciembre?").text == "El 25 de diciembre no abrimos.");
    CHECK(ask("¿abren el 24 de diciembre?").action == Action::kRefuse);
}

TEST_CASE("several messages of one turn are one question") {
    const Bakery bakery;
    const Lexicon lexicon;
    const KnowledgeIndex index(
        lexicon, {{id_of(1), KnowledgeKind::kProduct, "Torta", "La torta cuesta $78.000."}}
    );
    const Reply reply = BuiltinEngine().answer({{"hola", "una torta", "cuanto vale?"}}, index);
    CHECK(reply.text == "La torta cuesta $78.000.");
}

TEST_CASE("no knowledge means no answer") {
    const Lexicon lexicon;
    const KnowledgeIndex index(lexicon, {});
    CHECK(BuiltinEngine().answer({{"¿a qué hora abren?"}}, index).action == Action::kRefuse);
    CHECK(BuiltinEngine().answer({{}}, index).action == Action::kRefuse);
}

TEST_CASE("a business that has just begun is answered for as well") {
    const Lexicon lexicon;
    const KnowledgeIndex index(
        lexicon, {{id_of(1), KnowledgeKind::kFaq, "Wifi", "Hay wifi gratis."}}
    );
    const auto ask = [&](const char* question) {
        return BuiltinEngine().answer({{question}}, index);
    };
    CHECK(ask("¿tienen wifi para trabajar un rato?").text == "Hay wifi gratis.");
    CHECK(ask("¿tienen helado?").action == Action::kRefuse);
}

TEST_CASE("the same question always gets the same answer") {
    const Bakery one;
    const Bakery other;
    for (const char* question : {"precio del pam", "cuanto la torta", "paan de senteno"}) {
        CHECK(one.ask(question).text == other.ask(question).text);
    }
}

TEST_CASE("BM25 ranks the item that says it in its title first, ties by the given order") {
    const Lexicon lexicon;
    const KnowledgeIndex index(
        lexicon,
        {
            {id_of(1), KnowledgeKind::kFaq, "Café", "Servimos pan y café."},
            {id_of(2), KnowledgeKind::kFaq, "Pan", "Lo horneamos a diario."},
            {id_of(3), KnowledgeKind::kFaq, "Jugos", "De mora."},
            {id_of(4), KnowledgeKind::kFaq, "Jugos", "De mora."},
        }
    );
    const auto pan = index.search("pan", 4);
    REQUIRE(pan.size() == 2);
    CHECK(pan[0].item->id == id_of(2));
    CHECK(pan[0].coverage == 1);
    const auto mora = index.search("mora", 1);
    REQUIRE(mora.size() == 1);
    CHECK(mora[0].item->id == id_of(3));
}

TEST_CASE("coverage is the share of the question's weight that the item speaks of") {
    const Lexicon lexicon;
    const KnowledgeIndex index(
        lexicon,
        {
            {id_of(1), KnowledgeKind::kFaq, "Torta", "De zanahoria."},
            {id_of(2), KnowledgeKind::kFaq, "Galleta", "De avena."},
        }
    );
    const auto half = index.search("torta helada", 1);
    REQUIRE(half.size() == 1);
    CHECK(half[0].coverage < 0.5);
    CHECK(index.search("torta de zanahoria", 1)[0].coverage == 1);
}

TEST_CASE("an item without a standout sentence is given whole when short, else by its head") {
    const Lexicon lexicon;
    const std::string tail(400, 'x');
    const KnowledgeIndex index(
        lexicon,
        {
            {id_of(1), KnowledgeKind::kFaq, "Mesas", "Hay cinco. Son redondas."},
            {id_of(2), KnowledgeKind::kFaq, "Sillas", "Hay diez. Y " + tail},
        }
    );
    CHECK(index.search("mesas", 1)[0].excerpt == "Hay cinco. Son redondas.");
    CHECK(index.search("sillas", 1)[0].excerpt == "Hay diez.");
}

TEST_CASE("greetings and thanks get small talk only when they are all there is") {
    CHECK(courtesy_of("Hola buenas tardes") == Courtesy::kGreeting);
    CHECK(courtesy_of("q hubo veci") == Courtesy::kGreeting);
    CHECK(courtesy_of("mil gracias, muy amable") == Courtesy::kThanks);
    CHECK(courtesy_of("hola, ¿tienen pan?") == Courtesy::kNone);
    CHECK(courtesy_of("¿eres un robot?") == Courtesy::kIdentity);
    CHECK(courtesy_of("quiero hablar con una persona") == Courtesy::kHumanWanted);
    CHECK(courtesy_of("asesor") == Courtesy::kHumanWanted);
    CHECK(courtesy_of("mesa para una persona") == Courtesy::kNone);
    CHECK(courtesy_of("") == Courtesy::kNone);

    const Bakery bakery;
    CHECK(bakery.ask("hola").action == Action::kSmalltalk);
    CHECK(bakery.ask("gracias").intent == Intent::kThanks);
    CHECK(bakery.ask("hola veci, ¿dónde quedan?").action == Action::kAnswer);
    const Reply person = bakery.ask("páseme un asesor");
    CHECK(person.action == Action::kHandoff);
    CHECK(person.intent == Intent::kHuman);
}

}  // namespace
}  // namespace tecnochat::ai_reply
