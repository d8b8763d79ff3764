// Goal: what a newcomer does first works in a real browser: write, read the answer, see the ticks;
// hand over and release.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/stack.hpp"
#include "tecnochat/testkit/web_driver.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

/// The texts of the business' bubbles.
std::vector<std::string> answers(testkit::WebDriver& browser) {
    return browser.texts("[data-testid=message-out]");
}

void write(testkit::WebDriver& browser, const std::string& text) {
    browser.type("[data-testid=composer]", text);
    browser.press_enter("[data-testid=composer]");
}

bool last_answer_holds(testkit::WebDriver& browser, std::size_t count, const std::string& part) {
    const auto all = answers(browser);
    return all.size() == count && all.back().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "in the browser a customer writes, reads the answer and sees two blue ticks; a handed-over conversation can be released"
) {
    const auto stack = testkit::Stack::from_environment();
    testkit::WebDriver browser;
    browser.open(stack.endpoint("/phone"));
    browser.click("[data-testid=new-customer]");

    write(browser, "¿a qué hora abren el sábado?");
    REQUIRE(testkit::eventually(20s, [&] { return last_answer_holds(browser, 1, "7:00"); }));
    REQUIRE(testkit::eventually(10s, [&] {
        return browser.attribute("[data-testid=message-in] [data-testid=tick]", "data-state") ==
               "read";
    }));
    browser.save_screenshot(stack.state_directory() + "/screenshots/answered.png");

    write(browser, "¿venden repuestos para motocicletas?");
    REQUIRE(testkit::eventually(20s, [&] { return answers(browser).size() == 2; }));
    REQUIRE(testkit::eventually(10s, [&] {
        return browser.visible("[data-testid=handover-banner]");
    }));
    browser.save_screenshot(stack.state_directory() + "/screenshots/handed-over.png");

    browser.click("[data-testid=release]");
    REQUIRE(testkit::eventually(10s, [&] {
        return !browser.visible("[data-testid=handover-banner]");
    }));
    write(browser, "puedo pagar con nequi?");
    REQUIRE(testkit::eventually(20s, [&] { return last_answer_holds(browser, 3, "Nequi"); }));
    CHECK(browser.console_errors().empty());

    browser.resize(390, 844);
    CHECK(browser.visible("[data-testid=composer]"));
    browser.save_screenshot(stack.state_directory() + "/screenshots/narrow.png");
}

}  // namespace tecnochat::scenarios
