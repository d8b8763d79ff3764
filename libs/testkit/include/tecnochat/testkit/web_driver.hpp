#pragma once

#include <memory>
#include <string>
#include <vector>

namespace tecnochat::testkit {

/// A real browser: headless Chromium driven through ChromeDriver by the W3C WebDriver protocol.
/// Selectors are CSS. Every action on an element waits until it is there (10 s), then throws.
class WebDriver {
 public:
    WebDriver();
    ~WebDriver();
    WebDriver(const WebDriver&) = delete;
    WebDriver& operator=(const WebDriver&) = delete;

    void open(const std::string& url);
    void click(const std::string& selector);
    void type(const std::string& selector, const std::string& text);
    void press_enter(const std::string& selector);
    [[nodiscard]] std::string text(const std::string& selector);
    [[nodiscard]] std::vector<std::string> texts(const std::string& selector);
    [[nodiscard]] std::string attribute(const std::string& selector, const std::string& name);
    [[nodiscard]] bool visible(const std::string& selector);
    /// Errors that the page wrote to the console.
    [[nodiscard]] std::vector<std::string> console_errors();
    void resize(int width, int height);
    void save_screenshot(const std::string& file);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::testkit
