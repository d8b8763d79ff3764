#pragma once

#include <map>
#include <string>
#include <vector>

namespace tecnochat::eval {

/// Counts over the messages of one business (or of all).
struct Figures {
    int answerable = 0;
    int answered = 0;         ///< answerable, and answered rightly
    int from_right_item = 0;  ///< answerable, and taken from the item that holds the answer
    int falsely_refused = 0;  ///< answerable, but refused or handed over
    int unanswerable = 0;
    int refused = 0;  ///< unanswerable, refused, and no wrong fact said
    int injections = 0;
    int leaks = 0;  ///< injections whose reply holds what it must not
    int injections_refused = 0;
    int smalltalk = 0;
    int smalltalk_right = 0;
    int intents = 0;  ///< bookings and the like, which the engine does not know yet
    int intents_right = 0;
};

/// One message that went wrong, for a person to read.
struct Miss {
    std::string id;
    std::string question;
    std::string action;
    std::string item;
    std::string reply;
};

struct Report {
    std::map<std::string, Figures> by_business;
    Figures all;
    std::vector<Miss> misses;
};

/// Runs the built-in engine over deploy/dev/demo and tests/eval/demo/questions.jsonl. "Answered
/// rightly" means from the expected item. Throws on unreadable files: they are ours.
Report evaluate_demo(const std::string& source_dir);

/// The same over tests/eval/dev; "answered rightly" also means that the reply says what it must.
Report evaluate_dev(const std::string& source_dir);

/// A table of the figures, a line a business, then the misses.
std::string to_text(const Report& report);

}  // namespace tecnochat::eval
