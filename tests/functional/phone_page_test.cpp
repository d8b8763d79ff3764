// Goal: what a newcomer does first works in a real browser: write, read the answer, see the ticks;
// hand over and release.
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>

#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/stack.hpp"
#include "tecnochat/testkit/web_driver.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

/// The phone page in a browser, with a picture of every step.
class Page {
 public:
    explicit Page(const testkit::Stack& stack)
        : pictures_(stack.state_directory() + "/screenshots/") {
        browser_.open(stack.endpoint("/phone"));
    }

    testkit::WebDriver& browser() { return browser_; }

    void write(const std::string& text) {
        browser_.type("[data-testid=composer]", text);
        browser_.press_enter("[data-testid=composer]");
    }

    /// Waits for what the page shall show, and leaves a picture of it either way.
    void see(const std::string& picture, const std::function<bool()>& shown) {
        const bool seen = testkit::eventually(20s, shown);
        browser_.save_screenshot(pictures_ + picture + ".png");
        INFO("see " << pictures_ << picture << ".png");
        REQUIRE(seen);
    }

    /// Whether the business has answered `count` times, the last time with `part` in it.
    bool answered(std::size_t count, const std::string& part) {
        const auto all = browser_.texts("[data-testid=message-in]");
        return all.size() == count && all.back().find(part) != std::string::npos;
    }

 private:
    std::string pictures_;
    testkit::WebDriver browser_;
};

}  // namespace

TEST_CASE(
    "in the browser a customer writes, reads the answer, sees two ticks, is handed over and released"
) {
    const auto stack = testkit::Stack::from_environment();
    Page page(stack);
    page.browser().click("[data-testid=new-customer]");

    page.write("¿a qué hora abren el sábado?");
    page.see("answered", [&] { return page.answered(1, "7:00"); });
    page.see("read", [&] {
        return page.browser().attribute(
                   "[data-testid=message-out] [data-testid=tick]", "data-state"
               ) == "read";
    });

    page.write("¿venden repuestos para motocicletas?");
    page.see("handed-over", [&] {
        return page.answered(2, "") && page.browser().visible("[data-testid=handover-banner]");
    });

    page.browser().click("[data-testid=release]");
    page.see("released", [&] { return !page.browser().visible("[data-testid=handover-banner]"); });
    page.write("puedo pagar con nequi?");
    page.see("answered-again", [&] { return page.answered(3, "Nequi"); });
    CHECK(page.browser().console_errors().empty());

    page.browser().resize(390, 844);
    page.see("narrow", [&] { return page.browser().visible("[data-testid=composer]"); });
}

}  // namespace tecnochat::scenarios
