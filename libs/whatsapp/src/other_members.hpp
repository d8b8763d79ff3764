#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace tecnochat::whatsapp {

/// Joins members of a JSON object, given by their own bytes (`"key":value`), to an object of their
/// own. Nothing is serialised again: one copy per member. What it returns lives until reset(); the
/// first 16 KiB of it need no allocation.
class OtherMembers {
 public:
    /// Forgets everything, results too.
    void reset() {
        begin();
        memory_.release();
    }

    /// A new object begins.
    void begin() {
        members_.clear();
        size_ = 0;
    }

    /// An empty member is none.
    void add(std::string_view member) {
        if (member.empty()) return;
        members_.push_back(member);
        size_ += member.size() + 1;
    }

    /// Bytes of what was added.
    [[nodiscard]] std::size_t size() const { return size_; }

    /// The members added since begin() as one object; empty if there are none.
    std::string_view object() {
        if (members_.empty()) return {};
        Text text = allocate(size_ + 1);
        char separator = '{';
        for (const std::string_view member : members_) {
            text.append({&separator, 1});
            text.append(member);
            separator = ',';
        }
        text.append("}");
        return text.written();
    }

    /// `object`, empty or a result of object(), with the member `"contact"`.
    std::string_view with_contact(std::string_view object, std::string_view contact) {
        const std::string_view head = object.empty() ? "{" : object.substr(0, object.size() - 1);
        const std::string_view key = object.empty() ? R"("contact":)" : R"(,"contact":)";
        Text text = allocate(head.size() + key.size() + contact.size() + 1);
        for (const std::string_view part : {head, key, contact, std::string_view("}")}) {
            text.append(part);
        }
        return text.written();
    }

 private:
    class Text {
     public:
        explicit Text(char* memory) : begin_(memory) {}
        void append(std::string_view part) {
            part.copy(begin_ + size_, part.size());
            size_ += part.size();
        }
        [[nodiscard]] std::string_view written() const { return {begin_, size_}; }

     private:
        char* begin_;
        std::size_t size_ = 0;
    };

    Text allocate(std::size_t bytes) {
        return Text(static_cast<char*>(memory_.allocate(bytes, 1)));
    }

    std::vector<std::string_view> members_;
    std::size_t size_ = 0;
    std::array<std::byte, std::size_t{16} * 1024> first_bytes_{};
    std::pmr::monotonic_buffer_resource memory_{first_bytes_.data(), first_bytes_.size()};
};

}  // namespace tecnochat::whatsapp
