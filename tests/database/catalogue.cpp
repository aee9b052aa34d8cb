// Prints the catalogue of statements, in both forms, as a JSON array, for spread_test.
#include <boost/json.hpp>
#include <cstddef>
#include <iostream>

#include "spread_statements.hpp"

namespace {

template <typename Statements>
void add(boost::json::array& to, const char* catalogue, const Statements& statements) {
    for (const todo::Statement& one : statements) {
        for (const std::size_t shards : {std::size_t{0}, std::size_t{1}}) {
            const todo::Statement statement = todo::form_of(one, shards);
            to.push_back({{"name", statement.name},
                          {"catalogue", catalogue},
                          {"form", shards == 0 ? "one" : "spread"},
                          {"sql", statement.sql}});
        }
    }
}

}  // namespace

int main() {
    boost::json::array statements;
    add(statements, "todo", todo::kStatements);
    add(statements, "account", todo::kAccountStatements);
    add(statements, "admin", todo::kAdminStatements);
    std::cout << boost::json::serialize(statements) << '\n';
}
