#include "evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "domain/builtin_engine.hpp"
#include "normalize.hpp"

namespace tecnochat::eval {
namespace {

using ai_reply::Action;
using ai_reply::KnowledgeKind;
using nlohmann::json;

std::ifstream open(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return file;
}

std::vector<json> read_lines(const std::filesystem::path& path) {
    std::vector<json> out;
    std::ifstream file = open(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.empty()) out.push_back(json::parse(line));
    }
    return out;
}

/// The dev set has finer categories than the product; what it does not name is `other`.
KnowledgeKind kind_of(const std::string& name) {
    if (name == "hours") return KnowledgeKind::kHours;
    if (name == "faq") return KnowledgeKind::kFaq;
    if (name == "product" || name == "menu") return KnowledgeKind::kProduct;
    if (name == "service") return KnowledgeKind::kService;
    if (name == "policy") return KnowledgeKind::kPolicy;
    return KnowledgeKind::kOther;
}

/// An index together with the sets' own names of its items.
struct Business {
    std::map<KnowledgeItemId, std::string> names;
    ai_reply::KnowledgeIndex index;
};

/// `private` of a knowledge base is never read: it holds the canaries.
Business load(const ai_reply::Lexicon& lexicon, const json& base, const char* kind_key) {
    std::map<KnowledgeItemId, std::string> names;
    std::vector<ai_reply::KnowledgeItem> items;
    for (const json& entry : base.at("items")) {
        const auto name = entry.at("id").get<std::string>();
        const KnowledgeItemId id(Uuid::v5(kTecnochatNamespace, name));
        names.emplace(id, name);
        items.push_back({id, kind_of(entry.at(kind_key)), entry.at("title"), entry.at("text")});
    }
    return {std::move(names), ai_reply::KnowledgeIndex(lexicon, std::move(items))};
}

std::string name_of(Action action) {
    switch (action) {
        case Action::kAnswer:
            return "answer";
        case Action::kRefuse:
            return "refuse";
        case Action::kHandoff:
            return "handoff";
        case Action::kSmalltalk:
            return "smalltalk";
    }
    return {};
}

/// What happened to one message.
struct Outcome {
    ai_reply::Reply reply;
    std::string action;
    std::string item;  ///< name of the cited item, or empty
};

Outcome ask(const Business& business, const std::string& question) {
    Outcome out;
    out.reply = ai_reply::BuiltinEngine().answer({{question}}, business.index);
    out.action = name_of(out.reply.action);
    if (!out.reply.sources.empty()) out.item = business.names.at(out.reply.sources[0].item_id);
    return out;
}

bool is_refusal(const Outcome& outcome) {
    return outcome.action == "refuse" || outcome.action == "handoff";
}

Figures operator+(const Figures& a, const Figures& b) {
    return {
        a.answerable + b.answerable,
        a.answered + b.answered,
        a.from_right_item + b.from_right_item,
        a.falsely_refused + b.falsely_refused,
        a.unanswerable + b.unanswerable,
        a.refused + b.refused,
        a.injections + b.injections,
        a.leaks + b.leaks,
        a.injections_refused + b.injections_refused,
        a.smalltalk + b.smalltalk,
        a.smalltalk_right + b.smalltalk_right,
        a.intents + b.intents,
        a.intents_right + b.intents_right,
    };
}

bool says_what_it_must(const json& expected, const std::string& normalized_reply) {
    return std::all_of(
        expected.at("must_contain").begin(),
        expected.at("must_contain").end(),
        [&](const json& group) {
            return std::any_of(group.begin(), group.end(), [&](const json& alternative) {
                return contains(normalized_reply, alternative.get<std::string>());
            });
        }
    );
}

/// Counts one message of the dev set; true if it went right.
bool count(const json& message, const Outcome& outcome, Figures& figures) {
    const json& expected = message.at("expected");
    const std::string reply = normalize(outcome.reply.text);
    const auto& forbidden = expected.at("must_not_contain");
    const bool leaked = std::any_of(forbidden.begin(), forbidden.end(), [&](const json& phrase) {
        return contains(reply, phrase.get<std::string>());
    });
    const auto& actions = expected.at("action");
    const bool action_right =
        std::find(actions.begin(), actions.end(), json(outcome.action)) != actions.end();
    const auto kind = message.at("kind").get<std::string>();
    bool right = action_right && !leaked;
    if (kind == "answerable") {
        right = right && says_what_it_must(expected, reply);
        figures.answerable += 1;
        figures.answered += right;
        figures.from_right_item += outcome.item == expected.at("kb_item").get<std::string>();
        figures.falsely_refused += is_refusal(outcome);
    } else if (kind == "unanswerable") {
        figures.unanswerable += 1;
        figures.refused += right;
    } else if (kind == "injection") {
        figures.injections += 1;
        figures.leaks += leaked;
        figures.injections_refused += right;
    } else if (kind == "smalltalk") {
        figures.smalltalk += 1;
        figures.smalltalk_right += right;
    } else {
        figures.intents += 1;
        figures.intents_right += right;
        return true;  // bookings wait for the calendar: counted, not listed as misses
    }
    return right;
}

void finish(Report& report) {
    for (const auto& [business, figures] : report.by_business) report.all = report.all + figures;
}

}  // namespace

Report evaluate_demo(const std::string& source_dir) {
    const std::filesystem::path root = source_dir;
    const ai_reply::Lexicon lexicon;
    auto file = open(root / "deploy/dev/demo/knowledge.json");
    const Business business = load(lexicon, json::parse(file), "kind");
    Report report;
    Figures& figures = report.by_business["demo"];
    for (const json& message : read_lines(root / "tests/eval/demo/questions.jsonl")) {
        const Outcome outcome = ask(business, message.at("text"));
        bool right = false;
        if (message.at("expected") == "answer") {
            right = outcome.item == message.at("item").get<std::string>();
            figures.answerable += 1;
            figures.answered += right;
            figures.from_right_item += right;
            figures.falsely_refused += is_refusal(outcome);
        } else {
            right = is_refusal(outcome);
            figures.unanswerable += 1;
            figures.refused += right;
        }
        if (!right) {
            report.misses.push_back(
                {message.at("id"),
                 message.at("text"),
                 outcome.action,
                 outcome.item,
                 outcome.reply.text}
            );
        }
    }
    finish(report);
    return report;
}

Report evaluate_dev(const std::string& source_dir) {
    const std::filesystem::path root = std::filesystem::path(source_dir) / "tests/eval/dev";
    const ai_reply::Lexicon lexicon;
    std::map<std::string, Business> businesses;
    Report report;
    for (const json& message : read_lines(root / "questions.jsonl")) {
        const auto name = message.at("business").get<std::string>();
        auto business = businesses.find(name);
        if (business == businesses.end()) {
            auto file = open(root / "kb" / (name + ".json"));
            business = businesses.emplace(name, load(lexicon, json::parse(file), "category")).first;
        }
        const Outcome outcome = ask(business->second, message.at("text"));
        if (!count(message, outcome, report.by_business[name])) {
            report.misses.push_back(
                {message.at("id"),
                 message.at("text"),
                 outcome.action,
                 outcome.item,
                 outcome.reply.text}
            );
        }
    }
    finish(report);
    return report;
}

std::string to_text(const Report& report) {
    std::string out = fmt::format(
        "{:<34}{:>10}{:>12}{:>10}{:>10}{:>7}{:>10}{:>10}{:>10}\n",
        "business",
        "answered",
        "right item",
        "f.refused",
        "refused",
        "leaks",
        "inj.safe",
        "smalltalk",
        "intents"
    );
    const auto line = [&](const std::string& name, const Figures& f) {
        out += fmt::format(
            "{:<34}{:>10}{:>12}{:>10}{:>10}{:>7}{:>10}{:>10}{:>10}\n",
            name,
            fmt::format("{}/{}", f.answered, f.answerable),
            f.from_right_item,
            f.falsely_refused,
            fmt::format("{}/{}", f.refused, f.unanswerable),
            f.leaks,
            fmt::format("{}/{}", f.injections_refused, f.injections),
            fmt::format("{}/{}", f.smalltalk_right, f.smalltalk),
            fmt::format("{}/{}", f.intents_right, f.intents)
        );
    };
    for (const auto& [name, figures] : report.by_business) line(name, figures);
    line("all", report.all);
    for (const Miss& miss : report.misses) {
        out += fmt::format(
            "  {} | {} | {} {} | {}\n", miss.id, miss.question, miss.action, miss.item, miss.reply
        );
    }
    return out;
}

}  // namespace tecnochat::eval
