#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/pipeline/detail/core.hpp"

namespace tecnochat::pipeline {

/// Has something to fetch before the transaction begins.
template <class U, class T>
concept Preparing = requires(U& use_case, std::span<const Incoming<T>> items, Deadline deadline) {
    use_case.prepare(items, deadline);
};

namespace detail {

template <class U, class T>
struct PreparedBy {
    using Type = Unit;
};
template <class U, class T>
    requires Preparing<U, T>
struct PreparedBy<U, T> {
    using Type = typename decltype(std::declval<U&>().prepare(
        std::declval<std::span<const Incoming<T>>>(), std::declval<Deadline>()
    ))::value_type;
};

}  // namespace detail

template <class U, class T>
using PreparedOf = typename detail::PreparedBy<U, T>::Type;

/// A use case over batches of items:
///
///     Result<Prepared> prepare(std::span<const Incoming<T>>, Deadline);    // optional
///     Result<Effects> run(postgres::Transaction&, std::span<const Incoming<T>>, Prepared&);
///     Result<Effects> refuse(postgres::Transaction&, const Incoming<T>&, const Error&, Prepared&);
///                                                                          // optional
///
/// without Prepared& where there is no prepare(). prepare() fetches before BEGIN what must not be
/// waited for inside a transaction (keys, look-ups), once per attempt. run() may be called for the
/// whole batch and, where an item's fault (is_items_fault) undid that, for parts of it, each in a
/// savepoint. refuse() stores what else the item needs that is left alone with its fault (parks its
/// conversation); its own failure by an item's fault only undoes what it did. Both return what
/// shows outside. All are called by the consumer's thread.
template <class U, class T>
concept UseCase =
    (Preparing<U, T> &&
     requires(
         U& use_case,
         postgres::Transaction& transaction,
         std::span<const Incoming<T>> items,
         PreparedOf<U, T>& prepared
     ) {
         { use_case.run(transaction, items, prepared) } -> std::same_as<Result<Effects>>;
     }) ||
    (!Preparing<U, T> &&
     requires(U& use_case, postgres::Transaction& transaction, std::span<const Incoming<T>> items) {
         { use_case.run(transaction, items) } -> std::same_as<Result<Effects>>;
     });

namespace detail {

template <class T, class U>
class TypedWork final : public TypedValues<T, Work> {
 public:
    TypedWork(Source<T> source, U& use_case)
        : TypedValues<T, Work>(std::move(source)), use_case_(use_case) {}

    Status prepare(std::size_t first, std::size_t count, Deadline deadline) override {
        if constexpr (Preparing<U, T>) {
            auto prepared = use_case_.prepare(this->items().subspan(first, count), deadline);
            if (!prepared) return std::move(prepared).error();
            prepared_ = std::make_unique<PreparedOf<U, T>>(std::move(prepared).value());
        }
        return ok();
    }
    Result<Effects> run(postgres::Transaction& transaction, std::size_t first, std::size_t count)
        override {
        const auto items = this->items().subspan(first, count);
        if constexpr (Preparing<U, T>) {
            return use_case_.run(transaction, items, *prepared_);
        } else {
            return use_case_.run(transaction, items);
        }
    }
    Result<Effects> refuse(postgres::Transaction& transaction, std::size_t item, const Error& error)
        override {
        const auto& refused = this->items()[item];
        if constexpr (requires { use_case_.refuse(transaction, refused, error, *prepared_); }) {
            return use_case_.refuse(transaction, refused, error, *prepared_);
        } else if constexpr (requires { use_case_.refuse(transaction, refused, error); }) {
            return use_case_.refuse(transaction, refused, error);
        } else {
            return Effects();
        }
    }

 private:
    U& use_case_;
    std::unique_ptr<PreparedOf<U, T>> prepared_;  // of the last prepare()
};

}  // namespace detail

/// The handler of a consumer whose batches become one transaction each; README.md has the order of
/// the steps and what happens when one fails. `topic` and `use_case` must outlive it. For one
/// consumer: it remembers the batch under way.
template <class T, class U>
    requires UseCase<U, T>
kafka::Consumer::Handler transactional(
    const Runtime& runtime, const TransactionalTopic& topic, Source<T> source, U& use_case
) {
    TECNOCHAT_ASSERT(runtime.pool != nullptr, "a transactional topic has a database");
    return detail::make_transactional(
        *runtime.pool,
        detail::outside(runtime),
        topic,
        std::make_unique<detail::TypedWork<T, U>>(std::move(source), use_case)
    );
}

}  // namespace tecnochat::pipeline
