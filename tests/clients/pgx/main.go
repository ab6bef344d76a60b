// Go's pgx, which Grafana's data source is built on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

var ctx = context.Background()

func connect() *pgx.Conn {
	connection, err := pgx.Connect(ctx, "")
	if err != nil {
		panic(err)
	}
	return connection
}

func check(name string, given any, wanted any) {
	if given == wanted {
		fmt.Printf("%s\tok\n", name)
	} else {
		fmt.Printf("%s\t%v\n", name, given)
	}
}

func main() {
	var checks struct {
		Answers                [][]string
		AsOf                   []string `json:"as of"`
		Digits                 []string
		Endless, Write, File string
	}
	text, _ := os.ReadFile(os.Getenv("HELAN_CHECKS"))
	if err := json.Unmarshal(text, &checks); err != nil {
		panic(err)
	}
	one, other := connect(), connect()
	ask := func(question string, values ...any) string {
		rows, err := one.Query(ctx, question, values...)
		if err != nil {
			return err.Error()
		}
		defer rows.Close()
		if !rows.Next() {
			var refused *pgconn.PgError
			if errors.As(rows.Err(), &refused) {
				return refused.Code
			}
			return fmt.Sprint("no row: ", rows.Err())
		}
		values_, err := rows.Values()
		if err != nil {
			return err.Error()
		}
		if number, is := values_[0].(pgtype.Numeric); is {
			text, _ := number.Value()
			return fmt.Sprint(text)
		}
		return fmt.Sprint(values_[0])
	}
	state := func(question string) string {
		_, err := one.Exec(ctx, question)
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return refused.Code
		}
		return fmt.Sprint("was answered: ", err)
	}
	check("connects", ask("select 1"), "1")
	check("lists", ask("select description like 'Figures to read%' from pg_description where objoid = 'figures'::regclass and objsubid = 0"), "true")
	right := true
	for _, answer := range checks.Answers {
		right = right && ask(answer[0]) == answer[1]
	}
	check("answers", right, true)
	one.Exec(ctx, "set helan.as_of = '"+checks.AsOf[0]+"'")
	check("as of", ask(checks.AsOf[1]), checks.AsOf[2])
	var seen string
	other.QueryRow(ctx, "show helan.as_of").Scan(&seen)
	check("own settings", seen, "")
	one.Exec(ctx, "discard all")
	one.DeallocateAll(ctx)
	check("digits", ask(checks.Digits[0]), checks.Digits[1])
	check("parameter", ask("select count(*) from rd_intensity where ref_area = any($1) and time_period = $2", []string{"640000"}, "2018"), "1")
	one.Exec(ctx, "set statement_timeout = 300")
	check("cut off", state(checks.Endless), "57014")
	check("reads only", state(checks.Write), "25006")
	check("no files", state(checks.File), "42883")
}
