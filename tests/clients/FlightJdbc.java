// The Flight SQL JDBC driver: what tools with JDBC ask over Arrow, and answers.

import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class FlightJdbc {
    static final Map<String, String> ENV = System.getenv();

    static Connection connect(String more) throws SQLException {
        Properties given = new Properties();
        given.put("user", ENV.get("PGUSER"));
        given.put("password", ENV.get("PGPASSWORD"));
        return DriverManager.getConnection("jdbc:arrow-flight-sql://" + ENV.get("HELAN_FLIGHT") + "/?useEncryption=false" + more, given);
    }

    static void check(String name, Callable<Object> work) {
        Object said;
        try {
            said = work.call();
        } catch (Exception error) {
            said = error.toString().split("\n")[0];
        }
        System.out.println(name + "\t" + (Boolean.TRUE.equals(said) ? "ok" : said));
    }

    static int count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) count++;
        return count;
    }

    static String ask(Connection one, String question) throws SQLException {
        try (Statement statement = one.createStatement(); ResultSet rows = statement.executeQuery(question)) {
            rows.next();
            return rows.getString(1);
        }
    }

    static Object refused(String code, Callable<Object> work) throws Exception {
        try {
            return "was answered: " + work.call();
        } catch (Exception error) {
            for (Throwable next = error; next != null; next = next.getCause())
                if (String.valueOf(next.getMessage()).contains("(" + code + ")")) return true;
            return error.getMessage();
        }
    }

    static Object lists(Connection one) throws SQLException {
        DatabaseMetaData seen = one.getMetaData();
        List<Object> found = new ArrayList<>();
        try (ResultSet tables = seen.getTables(null, "public", "fig%", new String[] {"TABLE", "VIEW"})) {
            found.add(tables.next() && tables.getString("TABLE_NAME").equals("figures") && tables.getString("TABLE_TYPE").equals("VIEW") && !tables.next());
        }
        try (ResultSet columns = seen.getColumns(null, "public", "rd_intensity", "value")) {
            found.add(columns.next() && columns.getString("TYPE_NAME").equals("DECIMAL") && columns.getInt("DECIMAL_DIGITS") == 10 && columns.getString("REMARKS").startsWith("The ratio"));
        }
        found.add(count(seen.getSchemas()) == 1 && count(seen.getCatalogs()) == 1 && count(seen.getTableTypes()) == 2);
        found.add(count(seen.getPrimaryKeys(null, "public", "events")) == 0);
        found.add(count(seen.getImportedKeys(null, "public", "events")) == 0 && count(seen.getExportedKeys(null, "public", "events")) == 0);
        found.add(count(seen.getCrossReference(null, "public", "events", null, "public", "refusals")) == 0);
        found.add(seen.getDatabaseProductName().equals("Helan") && seen.isReadOnly() && !seen.supportsTransactions() && seen.getIdentifierQuoteString().equals("\""));
        // Whatever tools ask of it at their start, something is said.
        for (Method asked : DatabaseMetaData.class.getMethods()) {
            // The driver has no answer of its own to these, whatever a service says.
            if (asked.getParameterCount() > 0 || List.of("getRowIdLifetime", "getClientInfoProperties").contains(asked.getName())) continue;
            try {
                asked.invoke(seen);
            } catch (ReflectiveOperationException error) {
                found.add(asked.getName() + ": " + error.getCause());
            }
        }
        return found.stream().allMatch(Boolean.TRUE::equals) ? true : found;
    }

    public static void main(String[] arguments) throws Exception {
        String checks = Files.readString(Path.of(ENV.get("HELAN_CHECKS")));
        Connection one = connect("");
        check("connects", () -> one.isValid(5));
        check("lists", () -> lists(one));
        Matcher answers = Pattern.compile("\\[\"(select[^\"]*)\", \"([^\"]*)\"\\]").matcher(checks);
        List<String[]> all = new ArrayList<>();
        while (answers.find()) all.add(new String[] {answers.group(1), answers.group(2)});
        check("answers", () -> {
            // A decimal comes with all the places of its type.
            for (String[] answer : all.subList(0, 2)) if (new BigDecimal(answer[1]).compareTo(new BigDecimal(ask(one, answer[0]))) != 0) return answer[0] + ask(one, answer[0]);
            return all.get(2)[1].equals(ask(one, all.get(2)[0]));
        });
        check("digits", () -> all.get(3)[1].equals(ask(one, all.get(3)[0])));
        Matcher then = Pattern.compile("\"as of\": \\[\"([^\"]*)\", \"([^\"]*)\", \"([^\"]*)\"\\]").matcher(checks);
        then.find();
        Connection past = connect("&helan-as-of=" + then.group(1));
        check("as of", () -> then.group(3).equals(ask(past, then.group(2))));
        check("own settings", () -> all.get(0)[1].equals(ask(one, then.group(2))));
        check("parameter", () -> {
            PreparedStatement statement = one.prepareStatement("select value from rd_intensity where ref_area = ? and value > ? and time_period = ?");
            boolean right = true;
            for (int turn = 0; turn < 2; turn++) {
                statement.setString(1, "640000");
                statement.setBigDecimal(2, new BigDecimal(all.get(0)[1]).subtract(new BigDecimal("0.0000000001")));
                statement.setString(3, "2018");
                ResultSet rows = statement.executeQuery();
                right = right && rows.next() && rows.getBigDecimal(1).compareTo(new BigDecimal(all.get(0)[1])) == 0 && !rows.next();
            }
            return right;
        });
        check("cut off", () -> refused("sql_result_limit", () -> count(one.createStatement().executeQuery("select * from generate_series(1, 2000000)"))));
        check("reads only", () -> refused("sql_not_read_only", () -> one.createStatement().executeUpdate("insert into events values (1)")));
        check("no files", () -> refused("sql_invalid", () -> ask(one, "select pg_read_file('/etc/passwd')")));
        // Its connections keep threads.
        System.exit(0);
    }
}
