#include "tecnochat/testkit/web_driver.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "tecnochat/crypto/encoding.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/http.hpp"
#include "tecnochat/testkit/process.hpp"

namespace tecnochat::testkit {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;
// The name the W3C gave to the key that holds an element's reference.
constexpr const char* kElementKey = "element-6066-11e4-a52e-4f735466cecf";
constexpr const char* kEnterKey = "\xEE\x80\x87";  // U+E007

json chromium_capabilities() {
    return {
        {"capabilities",
         {{"alwaysMatch",
           {{"browserName", "chrome"},
            {"goog:loggingPrefs", {{"browser", "ALL"}}},
            {"goog:chromeOptions",
             {{"binary", "/usr/bin/chromium"},
              {"args",
               {"--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--lang=es-CO",
                "--window-size=1200,850"}}}}}}}}
    };
}

}  // namespace

struct WebDriver::Impl {
    int port = free_port();
    ChildProcess driver{{"chromedriver", "--port=" + std::to_string(port), "--silent"}};
    std::string base = "http://127.0.0.1:" + std::to_string(port);
    std::string session;

    json call_post(const std::string& path, const json& body) const {
        const auto answer = http_post(base + path, body.dump(), {}, 60);
        return json_of(answer).at("value");
    }
    json call_get(const std::string& path) const {
        return json_of(http_get(base + path, {}, 60)).at("value");
    }

    [[nodiscard]] std::vector<std::string> find_all(const std::string& selector) const {
        std::vector<std::string> ids;
        for (const auto& element :
             call_post(session + "/elements", {{"using", "css selector"}, {"value", selector}})) {
            ids.push_back(element.at(kElementKey).get<std::string>());
        }
        return ids;
    }
    [[nodiscard]] std::string find(const std::string& selector) const {
        std::vector<std::string> ids;
        if (!eventually(kPatience, [&] { return !(ids = find_all(selector)).empty(); })) {
            throw std::runtime_error("the page never showed " + selector);
        }
        return ids.front();
    }
    void act(const std::string& selector, const std::string& action, const json& body) const {
        // An element may be replaced between finding and using it on a live page: try anew.
        HttpAnswer last;
        if (!eventually(kPatience, [&] {
                last = http_post(
                    base + session + "/element/" + find(selector) + "/" + action,
                    body.dump(),
                    {},
                    60
                );
                return last.status == 200;
            })) {
            throw std::runtime_error(
                action + " on " + selector + " failed: " + last.body.substr(0, 300)
            );
        }
    }
};

WebDriver::WebDriver() : impl_(std::make_unique<Impl>()) {
    if (!eventually(kPatience, [&] { return http_get(impl_->base + "/status").status == 200; })) {
        throw std::runtime_error(
            "chromedriver did not start; is the Debian package chromium-driver installed?"
        );
    }
    const auto created = impl_->call_post("/session", chromium_capabilities());
    impl_->session = "/session/" + created.at("sessionId").get<std::string>();
}

WebDriver::~WebDriver() {
    http_delete(impl_->base + impl_->session);
}

void WebDriver::open(const std::string& url) {
    impl_->call_post(impl_->session + "/url", {{"url", url}});
}

void WebDriver::click(const std::string& selector) {
    impl_->act(selector, "click", json::object());
}

void WebDriver::type(const std::string& selector, const std::string& text) {
    impl_->act(selector, "value", {{"text", text}});
}

void WebDriver::press_enter(const std::string& selector) {
    type(selector, kEnterKey);
}

std::string WebDriver::text(const std::string& selector) {
    return impl_->call_get(impl_->session + "/element/" + impl_->find(selector) + "/text")
        .get<std::string>();
}

std::vector<std::string> WebDriver::texts(const std::string& selector) {
    const auto script =
        "return Array.from(document.querySelectorAll(arguments[0])).map(e => e.innerText)";
    return impl_
        ->call_post(impl_->session + "/execute/sync", {{"script", script}, {"args", {selector}}})
        .get<std::vector<std::string>>();
}

std::string WebDriver::attribute(const std::string& selector, const std::string& name) {
    const auto value = impl_->call_get(
        impl_->session + "/element/" + impl_->find(selector) + "/attribute/" + name
    );
    return value.is_string() ? value.get<std::string>() : "";
}

bool WebDriver::visible(const std::string& selector) {
    const auto ids = impl_->find_all(selector);
    if (ids.empty()) return false;
    const auto answer =
        http_get(impl_->base + impl_->session + "/element/" + ids.front() + "/displayed");
    return answer.status == 200 && json::parse(answer.body).at("value") == true;
}

std::vector<std::string> WebDriver::console_errors() {
    std::vector<std::string> errors;
    for (const auto& entry : impl_->call_post(impl_->session + "/se/log", {{"type", "browser"}})) {
        if (entry.at("level") == "SEVERE") errors.push_back(entry.at("message").get<std::string>());
    }
    return errors;
}

void WebDriver::resize(int width, int height) {
    impl_->call_post(impl_->session + "/window/rect", {{"width", width}, {"height", height}});
}

void WebDriver::save_screenshot(const std::string& file) {
    const auto png =
        crypto::from_base64(impl_->call_get(impl_->session + "/screenshot").get<std::string>());
    if (!png) throw std::runtime_error("the driver's screenshot is not base64");
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << *png;
}

}  // namespace tecnochat::testkit
