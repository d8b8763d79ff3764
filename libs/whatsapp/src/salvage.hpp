#pragma once

#include <bitset>
#include <functional>
#include <string_view>
#include <vector>

namespace tecnochat::whatsapp {

/// What a piece of JSON is, looked at alone.
enum class Shape {
    kDamaged,  // cannot be read
    kMessage,  // an object with what every message has: id, timestamp, type
    kStatus,   // the same of a status: id, timestamp, status
    kOther
};

struct Verdict {
    Shape shape = Shape::kDamaged;
    bool complete = true;  // false: not looked at behind an escape or number of one member
};

enum class ListKind { kContacts, kMessages, kStatuses };

/// An element of a list, by its own bytes.
struct SalvagedItem {
    ListKind kind = ListKind::kMessages;
    std::string_view json{};
    bool readable = false;
};

/// A change of a damaged body. Everything is JSON by its own bytes, empty where it was not found.
struct SalvagedChange {
    std::string_view entry_id{};
    std::string_view entry_time{};
    std::string_view whole{};  // it can be read as it is; what follows is empty then
    std::string_view span{};   // all of it, where its end was found
    std::string_view field{};
    std::vector<std::string_view> metadata{};  // more than one: whose the items are is not known
    std::vector<SalvagedItem> items{};
    std::vector<std::string_view> others{};  // members nobody knows, whole
};

struct Salvage {
    std::vector<SalvagedChange> changes;
    std::vector<std::string_view> rest;  // bytes that belong to nothing above
    bool useful = false;  // an item was found that has a clear end, or a whole change
};

/// Finds changes and their items in a webhook body that is not JSON as a whole. It follows strings
/// and brackets. Where these do not fit any more, it goes on at the next place that can only be the
/// beginning of an item, a change or an entry: raw quotes around a key are never inside of a
/// string, where they are escaped, so what a customer writes is not taken for such a place. An item
/// found behind a damaged one belongs to the change before only if nothing between them looks like
/// the head of another change. Takes time linear in the body's size; does not recurse.
class Salvager {
 public:
    using Judge = std::function<Verdict(std::string_view json)>;

    Salvager(std::string_view body, Judge judge);
    Salvage run();

 private:
    enum class Level { kRoot, kEntries, kEntry, kChanges, kChange, kValue, kList, kLost, kEnd };
    /// A place that is recognised by itself, whatever was before.
    enum class Mark {
        kNone,
        kEntry,
        kChange,
        kMessage,
        kStatus,
        kChangesKey,
        kFieldKey,
        kMetadataKey,
        kNumberKey
    };
    enum class Marks { kAll, kObjects };
    struct Found {
        Mark mark = Mark::kNone;
        std::size_t begin = 0;
    };
    enum class Next { kMember, kEnd, kBroken };

    void step();
    void root();
    void entries();
    void entry();
    void changes();
    void change();
    void value();
    void list();
    void lost();

    [[nodiscard]] std::size_t skip_space(std::size_t at) const;
    [[nodiscard]] std::string_view piece(std::size_t position, std::size_t size) const;
    [[nodiscard]] char at(std::size_t position) const;
    [[nodiscard]] std::size_t string_end(std::size_t begin) const;
    std::size_t value_end(std::size_t begin);
    std::size_t value_end(std::size_t begin, std::size_t limit);
    [[nodiscard]] bool is_key(std::size_t begin, std::string_view key, char opening) const;
    [[nodiscard]] bool follows_separator(std::size_t begin) const;
    [[nodiscard]] bool looks_like_entry(std::size_t begin) const;
    bool looks_like_change(std::size_t begin);
    [[nodiscard]] bool looks_like_item(std::size_t begin) const;
    Verdict judge(std::string_view json);

    Next next_member(std::string_view& key, std::size_t& value_at);
    std::string_view take_value(std::size_t value_at);
    void take_item(std::string_view json, bool readable);
    Found find_mark(std::size_t begin, std::size_t end, Marks marks);
    Mark object_mark(std::size_t begin);
    [[nodiscard]] Mark key_mark(std::size_t begin) const;
    void keep_lost(std::size_t end);
    void begin_change();
    void lose() { level_ = Level::kLost; }

    std::string_view body_;
    Judge judge_;
    std::size_t work_left_;
    std::bitset<4096> objects_;  // by depth: whether an object is open there, or a list
    Salvage salvage_;
    Level level_ = Level::kRoot;
    std::size_t position_ = 0;

    // Where it is.
    std::string_view entry_id_;
    std::string_view entry_time_;
    SalvagedChange* change_ = nullptr;
    std::size_t change_begin_ = 0;
    ListKind kind_ = ListKind::kMessages;
    bool in_list_ = false;   // what is lost begins with an element of a list
    bool has_list_ = false;  // the change had messages or statuses
};

}  // namespace tecnochat::whatsapp
