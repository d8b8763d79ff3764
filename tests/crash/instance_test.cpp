// Goal: of two live processes with one instance id the older one ends and says why, and they do not
// fence each other for ever. Method: a second message-router with the first one's settings.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <future>

#include "attack.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/process.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr const char* kRouter = "message-router";

std::map<std::string, std::string> environment_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
    std::map<std::string, std::string> environment;
    for (std::string entry; std::getline(file, entry, '\0');) {
        const auto equals = entry.find('=');
        environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return environment;
}

/// A second router beside the one that runs, on ports of its own; killed after a while whatever
/// happens.
std::future<testkit::CommandResult> second_router(const testkit::Stack& stack) {
    auto environment = environment_of(stack.pid(kRouter));
    for (const auto* listen : {"TECNOCHAT_RPC_LISTEN", "TECNOCHAT_ADMIN_LISTEN"})
        environment[listen] = "127.0.0.1:0";
    return std::async(std::launch::async, [binary = stack.binary(kRouter), environment] {
        return testkit::run({"timeout", "--signal=KILL", "120", binary}, environment);
    });
}

bool holds(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

void ask_one_question(Attack& attack) {
    attack.write(
        attack.business().number(), Business::new_customer(), Business::covered()[0].question
    );
    const bool settled = attack.settle();
    INFO(attack.describe());
    REQUIRE(settled);
}

}  // namespace

TEST_CASE("of two processes with one instance id the older one ends and says why") {
    const auto stack = testkit::Stack::from_environment();
    Attack attack(stack);
    attack.begin_round({});
    // One that has not seen another test kill Kafka: after an outage it would join again.
    stack.stop(kRouter);
    start_service(stack, kRouter);
    auto second = second_router(stack);
    REQUIRE(testkit::eventually(30s, [&] { return !stack.runs(kRouter); }));
    ask_one_question(attack);

    start_service(stack, kRouter);
    REQUIRE(second.wait_for(30s) == std::future_status::ready);
    const auto ended = second.get();
    INFO(ended.output);
    CHECK(ended.exit_code == 1);
    CHECK(holds(ended.output, "give every replica a TECNOCHAT_INSTANCE of its own"));
    CHECK_FALSE(holds(ended.output, "joins its group again"));
    ask_one_question(attack);
    attack.check_books();
    CHECK(stack.runs(kRouter));
}

}  // namespace tecnochat::scenarios
